"""Sending e-mail: one connection to the organisation's SMTP server, and messages whose headers nobody can forge."""

import datetime as dt
import smtplib
import ssl
from collections.abc import Mapping
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from flask import current_app

Raw = Mapping[str, Any]
#: Of each answer of the server.
TIMEOUT_SECONDS = 20.0
SUBMISSION_PORT, SMTPS_PORT = 587, 465
#: The server's words are kept so far.
LONGEST_ERROR = 500
TOO_LARGE = 552


class Unsent(Exception):
    """The message was not sent now; another try may go better. The text is the server's, or the system's."""


class Refused(Unsent):
    """The server will never take this message."""


class Unreachable(Unsent):
    """No message can be sent now: the server does not answer, or does not let us in."""


def smtp_is_set() -> bool:
    """Whether there is a server to send by."""
    return bool(current_app.config["SMTP_URL"])


def mail_from() -> str:
    """The address that messages come from: the one set, else one at the host that people open."""
    host = urlsplit(current_app.config["PUBLIC_ADDRESS"]).hostname or ""
    # An IP address is no domain.
    domain = host if host.rpartition(".")[2].isalpha() else "localhost"
    return str(current_app.config["MAIL_FROM"] or f"kortisto@{domain}")


def mail_domain() -> str:
    return mail_from().rpartition("@")[2]


def email_of(raw: Raw) -> EmailMessage:
    """A stored message (raw `Message`) as an e-mail. Raises Refused for an address that is none."""
    email = EmailMessage(policy=SMTP)
    try:
        email["From"] = Address("Kortisto", addr_spec=mail_from())
        email["To"] = Address(addr_spec=raw["address"])
    except (ValueError, IndexError, AttributeError, HeaderParseError) as error:
        raise Refused(f"{raw['address']!r}: {error}") from error
    email["Subject"] = one_line(raw["subject"])
    email["Message-ID"] = raw["message_id"]
    email["Date"] = raw["created_at"].astimezone(dt.UTC)
    # Holiday answers and the like are for people.
    email["Auto-Submitted"] = "auto-generated"
    email.set_content(raw.get("text") or "")
    if raw.get("html"):
        email.add_alternative(raw["html"], subtype="html")
    attachments = raw.get("attachments") or ()
    for attachment in attachments:
        if attachment.get("method"):
            # Mail programs offer to answer what stands beside the text, not what is attached to it (RFC 6047).
            email.add_alternative(bytes(attachment["content"]).decode("utf-8", "replace"), subtype="calendar",
                                  params={"method": attachment["method"]})  # fmt: skip
    for attachment in attachments:
        attach(email, attachment)
    return email


def is_address(text: str) -> bool:
    """Whether a message can be addressed to this."""
    try:
        address = Address(addr_spec=text)
    except (ValueError, IndexError, AttributeError, HeaderParseError):
        return False
    return bool(address.username and address.domain) and text.isascii() and text == "".join(one_line(text).split())


def attach(email: EmailMessage, attachment: Raw) -> None:
    # A calendar object stands in the message once; the file for programs that look for one is no second request.
    kind = "application/ics" if attachment.get("method") else attachment["content_type"]
    main, _slash, sub = kind.partition("/")
    email.add_attachment(bytes(attachment["content"]), maintype=main, subtype=sub or "octet-stream",
                         filename=one_line(attachment["name"]))  # fmt: skip


def one_line(text: str) -> str:
    """A text fit for a header: line ends and other control characters would begin headers of their own."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


class Mailer:
    """One connection to the SMTP server, opened when the first message is sent and kept for the next ones."""

    def __init__(self, url: str) -> None:
        self.url = urlsplit(url)
        self.server: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
                 ) -> None:  # fmt: skip
        self.close()

    def send(self, email: EmailMessage) -> None:
        """Send it to its recipient. Raises Refused, Unsent or Unreachable."""
        server = self.server or self.connect()
        try:
            server.send_message(email)
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            raise told(code, words) from error
        except smtplib.SMTPSenderRefused as error:
            # Our own address is refused, which a setting mends; a message too large stays so.
            raise (Refused if error.smtp_code == TOO_LARGE else Unsent)(words_of(error)) from error
        except smtplib.SMTPNotSupportedError as error:
            raise Refused(words_of(error)) from error
        except smtplib.SMTPServerDisconnected as error:
            self.close()
            raise Unsent(words_of(error)) from error
        except smtplib.SMTPResponseException as error:
            raise told(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise Unsent(words_of(error)) from error

    def connect(self) -> smtplib.SMTP:
        """Open the connection. Raises Unreachable."""
        try:
            self.server = self.opened()
            if self.url.username:
                self.server.login(unquote(self.url.username), unquote(self.url.password or ""))
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise Unreachable(words_of(error)) from error
        return self.server

    def opened(self) -> smtplib.SMTP:
        host = self.url.hostname or "localhost"
        if self.url.scheme == "smtps":
            return smtplib.SMTP_SSL(host, self.url.port or SMTPS_PORT, timeout=TIMEOUT_SECONDS,
                                    context=ssl.create_default_context())  # fmt: skip
        server = smtplib.SMTP(host, self.url.port or SUBMISSION_PORT, timeout=TIMEOUT_SECONDS)
        server.ehlo_or_helo_if_needed()
        if server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        return server

    def close(self) -> None:
        """Say goodbye, as far as the server still listens."""
        server, self.server = self.server, None
        if server is None:
            return
        try:
            server.quit()
        except (smtplib.SMTPException, OSError):
            server.close()


def told(code: int, words: bytes | str) -> Unsent:
    """The server's answer about one message: 5xx is for good."""
    text = f"{code} {decoded(words)}"[:LONGEST_ERROR]
    return Refused(text) if code >= 500 else Unsent(text)


def decoded(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else words


def words_of(error: Exception) -> str:
    """What the server or the system says."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {decoded(error.smtp_error)}"[:LONGEST_ERROR]
    return str(error)[:LONGEST_ERROR] or type(error).__name__

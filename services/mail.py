"""Sending e-mail: one connection to the organisation's SMTP server, and messages whose headers nobody can forge."""

import datetime as dt
import re
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from flask import current_app

from models.organisation import known_organisation
from models.outbox import DIRECT
from services.mail_headers import (
    POLICY,
    file_name,
    is_address,
    link_header,
    mailbox,
    one_line,
    text_header,
)
from services.message_content import Content, content_of
from services.sending import LONGEST_ERROR, Refused, Unclear, Undeliverable, Unreachable, Unsent

__all__ = ["Mailer", "email_of", "is_address", "mail_domain", "mail_from", "one_line", "smtp_is_set"]
Raw = Mapping[str, Any]
#: Of each answer of the server.
TIMEOUT_SECONDS = 20.0
SUBMISSION_PORT, SMTPS_PORT = 587, 465
TOO_LARGE = 552
#: A recipient's server that knows no such mailbox, or none any more: the enhanced status codes of RFC 3463. A bare 550
#: may as well be about us.
NO_SUCH_ADDRESS = re.compile(r"5\d\d (5\.1\.(1|2|3|6|10)|5\.2\.1)\b")


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


def email_of(raw: Raw, content: Content | None = None) -> EmailMessage:
    """A stored message (raw `Message`) as an e-mail. Raises Refused for an address that is none, NoContent."""
    content = content or content_of(raw)
    email = EmailMessage(policy=POLICY)
    email["From"] = mailbox(mail_from(), content.sender_name or known_organisation().name or "Kortisto")
    email["To"] = mailbox(raw["address"])
    if content.reply_to:
        email["Reply-To"] = mailbox(content.reply_to)
    email["Subject"] = text_header(content.subject)
    email["Message-ID"] = raw["message_id"]
    email["Date"] = raw["created_at"].astimezone(dt.UTC)
    for name, value in {**kind_headers(raw), **content.headers}.items():
        email[name] = link_header(value)
    add_body(email, content)
    return email


def kind_headers(raw: Raw) -> Mapping[str, str]:
    """What tells answering machines that they need not answer: they are for people, who write themselves."""
    if raw["purpose"] == DIRECT:
        return {}
    # Of what a program made for one reader the standard says so (RFC 3834); of what goes to many, custom.
    return {"Precedence": "bulk"} if raw.get("mailing") else {"Auto-Submitted": "auto-generated"}


def add_body(email: EmailMessage, content: Content) -> None:
    """Text, HTML with its pictures, and what is attached."""
    email.set_content(clean(content.text))
    if content.html:
        email.add_alternative(clean(content.html), subtype="html")
        add_pictures(email, content.inline)
    for attachment in content.attachments:
        if attachment.get("method"):
            # Mail programs offer to answer what stands beside the text, not what is attached to it (RFC 6047).
            email.add_alternative(bytes(attachment["content"]).decode("utf-8", "replace"), subtype="calendar",
                                  params={"method": attachment["method"]})  # fmt: skip
    for attachment in content.attachments:
        attach(email, attachment)


def add_pictures(email: EmailMessage, pictures: Sequence[Raw]) -> None:
    """Put the pictures beside the HTML that shows them."""
    part = next(one for one in email.iter_parts() if one.get_content_subtype() == "html")
    for picture in pictures:
        main, _slash, sub = picture["content_type"].partition("/")
        part.add_related(bytes(picture["content"]), maintype=main, subtype=sub, cid=f"<{file_name(picture['cid'])}>",
                         filename=file_name(picture["name"]), disposition="inline")  # fmt: skip


def attach(email: EmailMessage, attachment: Raw) -> None:
    # A calendar object stands in the message once; the file for programs that look for one is no second request.
    kind = "application/ics" if attachment.get("method") else attachment["content_type"]
    main, _slash, sub = kind.partition("/")
    email.add_attachment(bytes(attachment["content"]), maintype=main, subtype=sub or "octet-stream",
                         filename=file_name(attachment["name"]))  # fmt: skip


def clean(text: str) -> str:
    """A text that can be encoded: half a pair of UTF-16 is no letter."""
    return text.encode("utf-8", "replace").decode("utf-8")


class Connection(smtplib.SMTP):
    """A connection that knows whether a message's content was on its way when it broke off."""

    content_begun = False

    def data(self, msg: Any) -> tuple[int, bytes]:
        self.content_begun = True
        answer = super().data(msg)
        self.content_begun = False
        return answer


class EncryptedConnection(Connection, smtplib.SMTP_SSL):
    """The same, encrypted from its beginning."""


class Mailer:
    """One connection to the SMTP server, opened when the first message is sent and kept for the next ones."""

    def __init__(self, url: str) -> None:
        self.url = urlsplit(url)
        self.server: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
                 ) -> None:  # fmt: skip
        self.close()

    def send(self, raw: Raw, content: Content | None = None) -> None:
        """Send a stored message to its recipient. Raises Refused, Unclear, Unsent, Unreachable or NoContent."""
        email = email_of(raw, content)
        server = self.server or self.connect()
        try:
            server.send_message(email)
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            found = told(code, words)
            raise (Undeliverable(str(found)) if NO_SUCH_ADDRESS.match(str(found)) else found) from error
        except smtplib.SMTPSenderRefused as error:
            # Our own address is refused, which a setting mends; a message too large stays so.
            raise (Refused if error.smtp_code == TOO_LARGE else Unsent)(words_of(error)) from error
        except smtplib.SMTPNotSupportedError as error:
            raise Refused(words_of(error)) from error
        except smtplib.SMTPResponseException as error:
            raise told(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            begun = server.content_begun
            self.close()
            raise (Unclear if begun else Unsent)(words_of(error)) from error

    def connect(self) -> Connection:
        """Open the connection. Raises Unreachable."""
        try:
            self.server = self.opened()
            if self.url.username:
                self.server.login(unquote(self.url.username), unquote(self.url.password or ""))
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise Unreachable(words_of(error)) from error
        return self.server

    def opened(self) -> Connection:
        host = self.url.hostname or "localhost"
        if self.url.scheme == "smtps":
            return EncryptedConnection(host, self.url.port or SMTPS_PORT, timeout=TIMEOUT_SECONDS,
                                       context=ssl.create_default_context())  # fmt: skip
        server = Connection(host, self.url.port or SUBMISSION_PORT, timeout=TIMEOUT_SECONDS)
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

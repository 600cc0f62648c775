"""E-mail as it leaves: no value breaks a header, servers are met with TLS and a password, pictures stand in HTML."""

import datetime as dt
import socket
import ssl
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from services.mail import Mailer, email_of
from services.mail_headers import is_address
from services.message_content import Content
from services.sending import Refused, Unreachable
from tests.fixtures.mail import Inbox
from tests.fixtures.program import free_port

RAW = {"purpose": "mailing", "mailing": "m", "address": "anna@example.com", "message_id": "<kortisto.1@example.com>",
       "created_at": dt.datetime(2026, 11, 27, 9, 0, tzinfo=dt.UTC)}  # fmt: skip
#: Letters that have broken mail programs: line ends of all kinds, words of RFC 2047, signs that turn or join others.
TRICKS = ["\r\nBcc: all@example.com", "\n\n<script>", "\r", "\u2028", "\u0085", "\x0b", "\0", "\u202e", "\ufeff",
          "=?utf-8?q?=0D=0ABcc:_x=40example.com?=", "=?utf-8?b?DQpCY2M6IHhAZXhhbXBsZS5jb20=?=", '"', "\\", "<a@b.fi>",
          ",", ";", ":", "(", ")", "@", "ä" * 300, "x" * 3000, "😀" * 80, "\ud800", " ", "\t"]  # fmt: skip
HOSTILE = st.lists(st.one_of(st.sampled_from(TRICKS), st.text(max_size=40)), max_size=6).map("".join)
OURS = {"from", "to", "reply-to", "subject", "message-id", "date", "precedence", "list-unsubscribe", "mime-version",
        "content-type", "content-transfer-encoding"}  # fmt: skip


def sent(email: EmailMessage) -> EmailMessage:
    """The message as its recipient's program reads it."""
    return message_from_bytes(email.as_bytes(policy=SMTP), policy=default)  # type: ignore[return-value]


@given(subject=HOSTILE, name=HOSTILE, header=HOSTILE, file_name=HOSTILE, text=HOSTILE)
def test_no_value_breaks_a_header(
    built_app: Flask, subject: str, name: str, header: str, file_name: str, text: str
) -> None:
    picture = {"cid": "a@b", "name": file_name, "content_type": "image/png", "content": b"x"}
    attached = {"name": file_name, "content_type": "application/pdf", "content": b"y"}
    content = Content(subject, text, f"<p>{text}</p>", {"List-Unsubscribe": header}, [attached], name,
                      "sales@example.com", [picture])  # fmt: skip
    with built_app.app_context():
        email = email_of(RAW, content)
    lines = email.as_bytes(policy=SMTP).partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert all(len(line) <= 998 and line.isascii() for line in lines)
    read = sent(email)
    assert {key.lower() for key in read} <= OURS
    assert len(read.keys()) == len(set(read.keys()))
    (sender,) = read["From"].addresses
    assert (sender.addr_spec, read["To"]) == ("kortisto@localhost", "anna@example.com")
    assert [one.addr_spec for one in read["Reply-To"].addresses] == ["sales@example.com"]
    assert [part.get_content_type() for part in read.walk() if not part.is_multipart()] == [
        "text/plain", "text/html", "image/png", "application/pdf"]  # fmt: skip


@given(address=HOSTILE)
def test_an_address_is_one_recipient_or_refused(built_app: Flask, address: str) -> None:
    with built_app.app_context():
        try:
            email = email_of({**RAW, "address": address}, Content("S", "T", reply_to=address))
        except Refused:
            return
        read = sent(email)
    assert len(read["To"].addresses) == len(read["Reply-To"].addresses) == 1
    assert {key.lower() for key in read} <= OURS


def test_plain_values_arrive_as_they_are(app: Flask) -> None:
    content = Content("Hyvää joulua, Änna! 🎄", "Ääkkösiä", sender_name='Möttönen, "Oy" (Ab)', reply_to="m@äkkiä.fi")
    read = sent(email_of(RAW, content))
    assert read["Subject"] == "Hyvää joulua, Änna! 🎄"
    assert [one.display_name for one in read["From"].addresses] == ['Möttönen, "Oy" (Ab)']
    assert read["Reply-To"] == "m@xn--kki-plad.fi"
    assert read.get_content().strip() == "Ääkkösiä"


def test_pictures_stand_beside_the_html_that_shows_them(app: Flask) -> None:
    picture = {"cid": "logo", "name": "logo.png", "content_type": "image/png", "content": b"\x89PNG"}
    read = sent(email_of(RAW, Content("S", "T", '<img src="cid:logo">', inline=[picture])))
    assert read.get_content_type() == "multipart/alternative"
    _text, related = read.iter_parts()
    assert related.get_content_type() == "multipart/related"
    _html, image = related.iter_parts()
    assert (image["Content-ID"], image.get_content_disposition()) == ("<logo>", "inline")
    assert image.get_content() == b"\x89PNG"


@pytest.mark.parametrize(("raw", "headers"), [
    ({"purpose": "reminder"}, {"Auto-Submitted": "auto-generated"}),
    ({"purpose": "mailing", "mailing": "m"}, {"Precedence": "bulk"}),
    ({"purpose": "direct"}, {}),
])  # fmt: skip
def test_what_people_write_is_not_marked_as_a_program_s(app: Flask, raw: Any, headers: Any) -> None:
    email = email_of({**RAW, "mailing": None, **raw}, Content("S", "T"))
    assert {name: email[name] for name in ("Auto-Submitted", "Precedence") if email[name]} == headers


# Encrypted connections


class Secured:
    """A server with TLS and a password, and what was sent to it."""

    def __init__(self, url: str, inbox: Inbox) -> None:
        self.url, self.inbox = url, inbox


class Encrypted(Controller):
    """A server that is tried once it has begun, as aiosmtpd does, but without a certificate of our own."""

    def _trigger_server(self) -> None:
        socket.create_connection((self.hostname, self.port), timeout=5).close()


def knows(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
    good = isinstance(given, LoginPassword) and (given.login, given.password) == (b"crm@example.com", b"p@ss:/word")
    return AuthResult(success=good, handled=False)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    authority = trustme.CA()
    path = tmp_path_factory.mktemp("tls") / "authority.pem"
    authority.cert_pem.write_to_path(path)
    return authority, path


@pytest.fixture
def secured(authority: tuple[trustme.CA, Path]) -> Iterator[Callable[[str], Secured]]:
    """Start a server that is met by STARTTLS ("smtp") or TLS from the start ("smtps")."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority[0].issue_cert("localhost").configure_cert(context)
    started: list[Controller] = []

    def start(scheme: str) -> Secured:
        inbox, port = Inbox(), free_port()
        rules: dict[str, Any] = {"authenticator": knows, "auth_require_tls": False}
        if scheme == "smtp":
            rules |= {"tls_context": context, "require_starttls": True, "auth_required": True, "auth_require_tls": True}
        from_start = context if scheme == "smtps" else None
        controller = Encrypted(inbox, hostname="localhost", port=port, ssl_context=from_start, **rules)
        controller.start()
        started.append(controller)
        return Secured(f"{scheme}://crm%40example.com:p%40ss%3A%2Fword@localhost:{port}", inbox)

    yield start
    for controller in started:
        controller.stop()


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_mail_goes_encrypted_with_a_password(
    app: Flask, secured: Callable[[str], Secured], authority: tuple[trustme.CA, Path], scheme: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[1]))
    server = secured(scheme)
    with Mailer(server.url) as mailer:
        mailer.send(RAW, Content("Hello", "T"))
        assert mailer.server is not None
        assert isinstance(mailer.server.sock, ssl.SSLSocket)
    assert [message["Subject"] for message in server.inbox.messages] == ["Hello"]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_that_proves_nothing_gets_neither_mail_nor_password(
    app: Flask, secured: Callable[[str], Secured], scheme: str
) -> None:
    server = secured(scheme)
    with Mailer(server.url) as mailer, pytest.raises(Unreachable, match="certificate verify failed"):
        mailer.send(RAW, Content("Hello", "T"))
    assert server.inbox.messages == []


def test_a_wrong_password_is_told(
    app: Flask, secured: Callable[[str], Secured], authority: tuple[trustme.CA, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[1]))
    with Mailer(secured("smtp").url.replace("p%40ss", "wrong")) as mailer, pytest.raises(Unreachable, match="535"):
        mailer.send(RAW, Content("Hello", "T"))


def test_what_an_address_is(app: Flask) -> None:
    assert is_address("anna@example.com")
    assert not is_address("anna@example.com\r\nBcc: b@example.com")

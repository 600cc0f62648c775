"""Headers of e-mail that nobody can forge: each is encoded here once, and leaves as it was written.

The library would parse what it is given, find words in it that are encoded already (RFC 2047), and write line ends out
of them into the message. So nothing that comes from people is left for it to read.
"""

import base64
import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.policy import SMTP
from typing import Any

from services.sending import Refused

#: So many signs of a text stand in a header, of a name before an address, of a file's name, and in a link.
LONGEST_TEXT, LONGEST_NAME, LONGEST_FILE_NAME, LONGEST_LINK = 500, 100, 100, 900
#: A line is folded before so many signs where it can be; an encoded word takes so many bytes of its text.
LINE, WORD_BYTES = 76, 42
PLAIN = re.compile(r"[ -~]*")
PLAIN_NAME = re.compile(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]*")
WORD_BEGINS = "=?"
#: What no file's name needs, and what would mean something in a header or on a disk.
IN_NO_FILE_NAME = re.compile(r'[\\/:*?"<>|=]')


class Written(UnstructuredHeader, BaseHeader):
    """A header that stands as it is, folded at its spaces."""

    @staticmethod
    def value_parser(value: str) -> Any:
        """Parse nothing of it."""
        return UnstructuredHeader.value_parser("")

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        kwds["parse_tree"], kwds["decoded"] = cls.value_parser(value), value

    def fold(self, *, policy: Any) -> str:
        return policy.linesep.join(folded(f"{self.name}: {self}")) + str(policy.linesep)


HEADERS = HeaderRegistry()
for _name in ("From", "To", "Reply-To", "Subject", "List-Unsubscribe", "List-Unsubscribe-Post"):
    HEADERS.map_to_type(_name, Written)
POLICY = SMTP.clone(header_factory=HEADERS)


def folded(line: str) -> Iterator[str]:
    """The lines of a header: each begins with the space that it was broken at."""
    held = ""
    for word in re.findall(r" *[^ ]+", line):
        # The name and its first word stay together: a header's first line must say something.
        if held and len(held) + len(word) > LINE and not held.endswith(":"):
            yield held
            held = ""
        held += word
    yield held


def one_line(text: str, longest: int = LONGEST_TEXT) -> str:
    """A text fit for a header: line ends and other control characters would begin headers of their own."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:longest].rstrip()


def encoded(text: str, plain: re.Pattern[str] = PLAIN) -> str:
    """One line as words that mail programs decode, where it has other letters than ASCII's or could mean more."""
    if plain.fullmatch(text) and WORD_BEGINS not in text:
        return text
    return " ".join(f"=?utf-8?b?{base64.b64encode(part).decode('ascii')}?=" for part in in_parts(text))


def in_parts(text: str) -> Iterator[bytes]:
    """The text in UTF-8, in parts that end between letters."""
    part = b""
    for sign in text:
        letter = sign.encode("utf-8")
        if len(part) + len(letter) > WORD_BYTES:
            yield part
            part = b""
        part += letter
    yield part


def text_header(text: str) -> str:
    """A subject or the like."""
    return encoded(one_line(text))


def link_header(text: str) -> str:
    """A header of links, which the program makes itself."""
    return one_line(text, LONGEST_LINK).encode("ascii", "ignore").decode("ascii")


def mailbox(address: str, name: str = "") -> str:
    """An address with a name. Raises Refused for one that is none."""
    spec, name = checked(in_ascii(address)), one_line(name, LONGEST_NAME)
    return f"{encoded(name, PLAIN_NAME)} <{spec}>" if name else spec


def in_ascii(address: str) -> str:
    """The address with the name of its host as mail servers know it, where it has letters of its own (äkkiä.fi)."""
    name, at, host = address.rpartition("@")
    try:
        return address if host.isascii() else f"{name}{at}{host.encode('idna').decode('ascii')}"
    except UnicodeError:
        return address


def checked(address: str) -> str:
    """The address, if a message can be addressed to it. Raises Refused."""
    try:
        parsed = Address(addr_spec=address)
    except (ValueError, IndexError, AttributeError, HeaderParseError) as error:
        raise Refused(f"{address!r}: {error}") from error
    fit = parsed.username and parsed.domain and address == parsed.addr_spec and PLAIN.fullmatch(address)
    if not fit or WORD_BEGINS in address or any(sign in address for sign in ' "(),:;<>[]\\'):
        raise Refused(f"{address!r}")
    return address


def is_address(text: str) -> bool:
    """Whether a message can be addressed to this."""
    try:
        return bool(checked(text))
    except Refused:
        return False


def file_name(text: str) -> str:
    """The name that a file goes by in a message."""
    return IN_NO_FILE_NAME.sub("_", one_line(text, LONGEST_FILE_NAME)) or "file"

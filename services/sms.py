"""Sending SMS: by the service that the organisation has chosen, through Apprise, which speaks to all of them."""

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import phonenumbers
from apprise import Apprise, AppriseAsset
from apprise.result import AppriseResult, AppriseResultStatus
from flask import current_app

from models.organisation import COUNTRY, THE_ONE, Organisation
from services.message_content import Content, Raw
from services.sending import LONGEST_ERROR, Refused, Unclear, Unreachable, Unsent

PLACE = "{to}"
#: Of one message, with every answer of the service.
TIMEOUT_SECONDS = 30.0
#: What the service answered, as Apprise tells it.
ANSWER = re.compile(r"error=(\d{3})\b")
SOCKET = "Socket Exception:"
#: The answers that are about us and not about the message: our key, our account, our address of the service.
OUR_FAULT = (401, 402, 403, 404, 405)
#: "Too slow" and "too many": another try may go better.
COME_AGAIN = (408, 425, 429)
#: How the system says that no connection came about, so that nothing was sent.
NOT_CONNECTED = ("Failed to establish", "Name or service not known", "NameResolutionError", "ConnectTimeout",
                 "Connection refused", "CERTIFICATE_VERIFY_FAILED")  # fmt: skip


def sms_is_set() -> bool:
    """Whether there is a service to send by."""
    return bool(current_app.config["SMS_URL"])


@lru_cache(maxsize=1)
def plain_asset() -> AppriseAsset:
    """Messages as they are written: no picture or name of Apprise's, nothing read into their signs, nothing on disk.

    All that Apprise logs is heard, because only there it tells what the service answered; none of it goes into the
    program's log, for it holds texts and numbers.
    """
    log = logging.getLogger("apprise")
    log.setLevel(logging.DEBUG)
    log.propagate = False
    return AppriseAsset(app_id="Kortisto", app_desc="Kortisto", app_url="", image_url_mask="", image_url_logo="",
                        async_mode=False, interpret_escapes=False, interpret_emojis=False, allow_templates=False,
                        service_timeout=TIMEOUT_SECONDS)  # fmt: skip


def number_of(address: str) -> str:
    """A number as it is dialled from abroad (+358401234567); one without its country's code is of the organisation's
    country. Raises Refused for what is no number."""
    organisation = Organisation._get_collection().find_one({"_id": THE_ONE}, {"country": 1}) or {}
    try:
        number = phonenumbers.parse(address, organisation.get("country") or COUNTRY)
    except phonenumbers.NumberParseException as error:
        raise Refused(f"{address!r}: {error}"[:LONGEST_ERROR]) from error
    if not phonenumbers.is_possible_number(number):
        raise Refused(f"{address!r} is no phone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class Texter:
    """What sends SMS by the service at an Apprise URL with {to} in it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
                 ) -> None:  # fmt: skip
        """Nothing stays open."""

    def send(self, raw: Raw, content: Content) -> None:
        """Send a message to its recipient. Raises Refused, Unclear, Unsent or Unreachable."""
        service = Apprise(asset=plain_asset())
        # A URL that Apprise can't read is the setting's fault, whoever the message is to.
        if not service.add(self.url.replace(PLACE, quote(number_of(raw["address"]), safe=""))):
            raise Unreachable("KORTISTO_SMS_URL is no address of a service that Apprise knows")
        result = service.notify(body=content.text, body_format="text", log_level=logging.DEBUG)
        if not result:
            raise outcome(result)


def outcome(result: AppriseResult) -> Unsent:
    """What a failed try was: the service's answer about the message or about us, or no answer at all."""
    words = [str(entry.message) for entry in result.logs()]
    told = next((line for line in words if ANSWER.search(line)), "")
    if told:
        return answered(int(ANSWER.findall(told)[-1]), told[:LONGEST_ERROR])
    said = next((line.partition(SOCKET)[2].strip() for line in words if SOCKET in line), "")[:LONGEST_ERROR]
    if any(sign in said for sign in NOT_CONNECTED):
        return Unreachable(said)
    if said or result.status == AppriseResultStatus.TIMEOUT:
        return Unclear(said or "the service did not answer in time")
    return Unsent((words[-1] if words else "the service did not take the message")[:LONGEST_ERROR])


def answered(code: int, words: str) -> Unsent:
    if code in OUR_FAULT:
        return Unreachable(words)
    return Refused(words) if 400 <= code < 500 and code not in COME_AGAIN else Unsent(words)


# How long a message is

#: The alphabet that SMS are sent in (GSM 03.38), and its signs that take the place of two.
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"
GSM7, UCS2 = "gsm7", "ucs2"
#: Encoding -> how many places there are in a message alone, and in each part of a longer one.
PLACES = {GSM7: (160, 153), UCS2: (70, 67)}
#: What the browser reckons by while somebody types (assets/js/sms-length.js).
TABLE: Mapping[str, Any] = {"basic": BASIC, "extension": EXTENSION, "places": PLACES}


@dataclass(frozen=True)
class SmsLength:
    """In which encoding a text goes, how many places it takes, how many messages it is, and how many places are left in
    the last one."""

    encoding: str
    characters: int
    parts: int
    left: int


def sms_length(text: str) -> SmsLength:
    """How long a text is as an SMS. One letter outside the alphabet makes all of them twice as wide."""
    encoding = GSM7 if all(sign in BASIC or sign in EXTENSION for sign in text) else UCS2
    widths = list(widths_of(text, encoding))
    alone, each = PLACES[encoding]
    if sum(widths) <= alone:
        return SmsLength(encoding, sum(widths), 1 if text else 0, alone - sum(widths))
    parts, left = 1, each
    for width in widths:
        # A sign of two places is not cut in two.
        if width > left:
            parts, left = parts + 1, each
        left -= width
    return SmsLength(encoding, sum(widths), parts, left)


def widths_of(text: str, encoding: str) -> Iterator[int]:
    """How many places each sign takes."""
    for sign in text:
        yield 2 if (sign in EXTENSION if encoding == GSM7 else ord(sign) > 0xFFFF) else 1

"""Drawing one value: contact details that belong to nobody, and days in the organisation's past."""

import datetime as dt
import unicodedata
from dataclasses import dataclass
from random import Random

from stdnum.fi import alv

from services.demo.words import Town, words

#: The day on which the organisation stands still, so that the same seed gives the same organisation for ever.
TODAY = dt.date(2026, 6, 30)
MOBILES = ("40", "41", "44", "45", "46", "50")
#: A prime: stepping through the numbers below it by STEP meets each of them once.
BUSINESS_IDS = 499_979
STEP = 300_007


@dataclass(frozen=True)
class Ref:
    """A value that points elsewhere: the number of a company or of a user among the staff, or the key of a team."""

    target: str
    number: int | str


def chance(random: Random, share: float) -> bool:
    return random.random() < share


def business_id(number: int) -> str:
    """The valid business ID of the company of that number, a different one for each of the first half million.

    They begin with 9, which the authorities are millions of companies away from giving to anybody.
    """
    base = 9_000_000 + 2 * (number * STEP % BUSINESS_IDS)
    check = -alv.checksum(f"{base}0") % 11
    if check == 10:
        # Of an even number and the next, one at least has a check digit.
        base += 1
        check = -alv.checksum(f"{base}0") % 11
    return f"{base}-{check}"


def mobile(random: Random) -> str:
    """A mobile number; real subscribers' numbers never begin with the zeros that follow the operator's prefix."""
    return f"+358{random.choice(MOBILES)}000{random.randrange(10_000):04}"


def landline(random: Random, town: Town) -> str:
    """A number of the town's area where its plan has room for zeros, else a nationwide company number."""
    area = town.area_code if len(town.area_code) == 1 else "10"
    return f"+358{area}000{random.randrange(10_000):04}"


def street(random: Random) -> str:
    # Most houses have small numbers.
    return f"{random.choice(words('streets'))} {1 + int(random.random() ** 2 * 80)}"


def plain(text: str) -> str:
    """Small letters a–z and digits, hyphens between words: what stands in addresses."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(sign if sign.isalnum() else "-" for sign in letters if not unicodedata.combining(sign))
    return "-".join(filter(None, kept.split("-")))


def past_day(random: Random, years: float) -> dt.date:
    """A day in the last so many years, recent ones more often."""
    return TODAY - dt.timedelta(days=int(random.random() ** 1.6 * years * 365))


def coming_day(random: Random, days: int) -> dt.date:
    """A working day ahead, soon more often than late."""
    day = TODAY + dt.timedelta(days=1 + int(random.random() ** 2 * days))
    return day + dt.timedelta(days=7 - day.weekday() if day.weekday() > 4 else 0)


def working_hour(random: Random, day: dt.date) -> str:
    """A quarter of an hour in the working time of that day, or of the Friday before it, as UTC."""
    day -= dt.timedelta(days=max(0, day.weekday() - 4))
    return f"{day.isoformat()}T{random.randrange(6, 14):02}:{random.choice((0, 15, 30, 45)):02}+00:00"

"""The people of the demo organisation: contacts at its companies, more of them where more work."""

from random import Random
from typing import Any

from services.demo.companies import company, domain_of, headcount, pick
from services.demo.drawing import Ref, chance, mobile, past_day, plain, working_hour
from services.demo.marketing import consents
from services.demo.words import names, titles, words

Values = dict[str, Any]
BUYING = {"Toimitusjohtaja": "decides", "Yrittäjä": "decides", "Ostopäällikkö": "decides", "Ostaja": "influences",
          "Talouspäällikkö": "pays", "Talousjohtaja": "pays", "Toimistosihteeri": "pays"}  # fmt: skip
OTHERS = (("influences", 45), ("uses", 55))
TOPICS = ("news", "events", "offers", "training")


def person(seed: int, number: int, companies: range) -> Values:
    """The values of person `number`, who works at one of the `companies`; references as `Ref`."""
    random = Random(f"{seed}/person/{number}")
    first, last, title = names("first").draw(random), names("last").draw(random), titles().draw(random)
    work = places(random, seed, companies) if companies and chance(random, 0.94) else []
    employer = company(seed, work[0]) if work else {}
    values = {
        "first_name": first, "last_name": last, "companies": [Ref("company", place) for place in work] or None,
        "title": title if chance(random, 0.85) else None, **contact(random, first, last, employer),
        **habits(random, title, employer),
        "owner": employer.get("owner"), "team": employer.get("team"), **consents(random),
    }  # fmt: skip
    return {column: value for column, value in values.items() if value is not None}


def places(random: Random, seed: int, companies: range) -> list[int]:
    """Where they work: of three companies the largest; a few sit on two chairs."""
    drawn = sorted((random.choice(companies) for _ in range(3)), key=lambda number: -headcount(seed, number))
    return list(dict.fromkeys(drawn[: 2 if chance(random, 0.03) else 1]))


def contact(random: Random, first: str, last: str, employer: Values) -> Values:
    domain = domain_of(employer["name"]) if employer else "posti.example"
    return {
        "email": f"{plain(first)}.{plain(last)}@{domain}" if chance(random, 0.88) else None,
        "phone": mobile(random) if chance(random, 0.8) else None,
        "x_mobile": mobile(random) if chance(random, 0.2) else None,
        "x_linkedin": f"https://www.linkedin.example/in/{plain(f'{first} {last}')}" if chance(random, 0.3) else None,
    }


def habits(random: Random, title: str, employer: Values) -> Values:
    role = BUYING.get(title) or pick(random, OTHERS)
    return {
        "x_buying_role": role if chance(random, 0.75) else None,
        "x_language": employer.get("x_language", "fi") if chance(random, 0.9) else None,
        "x_topics": random.sample(TOPICS, random.choice((1, 1, 2, 3))) if chance(random, 0.5) else None,
        "x_contact_owner": employer.get("owner") if chance(random, 0.7) else None,
        "x_known_since": past_day(random, 15).isoformat() if chance(random, 0.6) else None,
        "x_last_contact": working_hour(random, past_day(random, 3)) if chance(random, 0.6) else None,
        "x_newsletter": chance(random, 0.5) if chance(random, 0.8) else None,
        "x_christmas_card": True if chance(random, 0.3) else None,
        "x_notes": random.choice(words("notes")) if chance(random, 0.12) else None,
    }

"""The companies of the demo organisation: each drawn from the seed and its own number alone."""

from functools import lru_cache
from random import Random
from typing import Any

from services.demo.drawing import Ref, business_id, chance, coming_day, landline, past_day, plain, street, working_hour
from services.demo.staff import seller_of
from services.demo.words import Town, Trade, names, towns, trades, words

Values = dict[str, Any]
STATUSES = (("customer", 55), ("prospect", 30), ("former", 12), ("other", 3))
SIZES = ((10, "micro"), (50, "small"), (250, "medium"))
#: The first ones belong to nobody; later ones to a company of half their number at most.
WITHOUT_PARENT = 20


def pick(random: Random, weighted: tuple[tuple[str, int], ...]) -> str:
    return random.choices([key for key, _ in weighted], [weight for _, weight in weighted])[0]


def headcount(seed: int, number: int) -> int:
    """How many people work there: mostly a handful, now and then thousands."""
    return max(1, min(9_000, int(Random(f"{seed}/size/{number}").lognormvariate(1.9, 1.5))))


@lru_cache(maxsize=4_096)
def company(seed: int, number: int) -> Values:
    """The values of company `number` by column, empty ones left out; references as `Ref`."""
    random = Random(f"{seed}/company/{number}")
    town, trade = towns().draw(random), trades().draw(random)
    staff, status = headcount(seed, number), pick(random, STATUSES)
    name = company_name(random, town, trade, staff)
    values = {
        "name": name, "status": status, "business_id": business_id(number), "team": Ref("team", town.team),
        **contact(random, name, town), **figures(random, trade, staff), **interests(random),
        **papers(random, number), **relation(random, status, number),
        "owner": seller_of(town.team, random) if chance(random, 0.93) else None,
    }  # fmt: skip
    if values["owner"] and status != "prospect":
        values["x_account_manager"] = values["owner"]
    if status == "customer":
        values.update(sales(random, values["x_revenue"]))
    if number >= WITHOUT_PARENT and chance(random, 0.06):
        values["x_parent"] = Ref("company", random.randrange(number // 2))
    return {column: value for column, value in values.items() if value is not None}


def company_name(random: Random, town: Town, trade: Trade, staff: int) -> str:
    word, surname, form = random.choice(trade.words), names("last").draw(random), legal_form(random, staff)
    if form == "Tmi":
        return f"Tmi {names('first').draw(random)} {surname}" if chance(random, 0.4) else f"Tmi {word} {surname}"
    if form == "Osk":
        return f"{town.genitive} {word}osuuskunta"
    first, second = random.sample(trade.words, 2)
    made_up = brand(random)
    patterns = (
        (f"{town.genitive} {word}", 6), (f"{town.genitive} {first} ja {second}", 16), (f"{word} {surname}", 18),
        (f"{names('first').draw(random)[0]}. {surname} {word}", 8), (f"{made_up} {word}", 36),
        (f"{word} Veljekset {surname}", 5), (f"{word} {surname} & Kumpp.", 4), (f"{made_up}-Yhtiöt", 4), (made_up, 3),
    )  # fmt: skip
    return f"{pick(random, patterns)} {form}"


def brand(random: Random) -> str:
    return random.choice(words("brand_starts")) + random.choice(words("brand_ends"))


def legal_form(random: Random, staff: int) -> str:
    if staff > 800:
        return "Oyj" if chance(random, 0.45) else "Oy"
    if staff < 3:
        return pick(random, (("Tmi", 38), ("Oy", 50), ("Ky", 12)))
    return pick(random, (("Oy", 91), ("Ky", 6), ("Osk", 3)))


def contact(random: Random, name: str, town: Town) -> Values:
    domain = domain_of(name)
    has = {key: chance(random, share) for key, share in
           (("phone", 0.9), ("website", 0.75), ("linkedin", 0.35), ("extra", 0.15), ("switch", 0.25), ("fax", 0.02))}
    return {
        "street": street(random), "postal_code": random.choice(town.postal_codes), "city": town.name,
        "country": "Suomi", "email": f"info@{domain}" if chance(random, 0.85) else None,
        "phone": landline(random, town) if has["phone"] else None,
        "fax": landline(random, town) if has["fax"] else None,
        "website": f"https://www.{domain}" if has["website"] else None,
        "x_switchboard": landline(random, town) if has["switch"] else None,
        "x_extra_email": f"laskutus@{domain}" if has["extra"] else None,
        "x_linkedin": f"https://www.linkedin.example/company/{plain(name)}" if has["linkedin"] else None,
        "x_language": "fi" if chance(random, 0.93) else random.choice(("sv", "sv", "en")),
    }  # fmt: skip


def domain_of(name: str) -> str:
    """An address below a top-level domain that is reserved for examples (RFC 2606): post to it reaches nobody."""
    kept = [part for part in plain(name).split("-") if part not in ("oy", "oyj", "ky", "tmi", "kumpp")]
    return "".join(kept)[:40] + ".example"


def figures(random: Random, trade: Trade, staff: int) -> Values:
    revenue = round(staff * trade.revenue * random.lognormvariate(0, 0.5)) * 1_000
    known = chance(random, 0.9)
    return {
        "x_industry": trade.key, "x_headcount": staff if known else None,
        "x_size_class": next((key for limit, key in SIZES if staff < limit), "large") if known else None,
        "x_revenue": {"amount": revenue, "currency": "EUR"} if chance(random, 0.88) else None,
        "x_sites": 1 + int(random.random() ** 3 * min(40, staff / 12)) if chance(random, 0.5) else None,
        "x_founded": past_day(random, 90).isoformat() if chance(random, 0.8) else None,
    }  # fmt: skip


def interests(random: Random) -> Values:
    topics = ("maintenance", "rental", "training", "spare_parts", "energy", "automation", "safety")
    certificates = ("iso_9001", "iso_14001", "iso_45001", "iso_27001")
    return {
        "x_interests": random.sample(topics, random.choice((1, 1, 2, 2, 3))) if chance(random, 0.6) else None,
        "x_certificates": list(certificates[: random.choice((1, 1, 2, 3, 4))]) if chance(random, 0.22) else None,
        "x_newsletter": chance(random, 0.4) if chance(random, 0.85) else None,
        "x_notes": " ".join(random.sample(words("notes"), random.choice((1, 1, 2)))) if chance(random, 0.3) else None,
    }


def papers(random: Random, number: int) -> Values:
    return {
        "x_payment_terms": pick(random, (("d14", 70), ("d30", 22), ("d7", 5), ("d60", 3))),
        "x_e_invoice_address": f"0037{business_id(number).replace('-', '')}" if chance(random, 0.45) else None,
        "x_credit_ban": True if chance(random, 0.006) else False if chance(random, 0.6) else None,
    }


def relation(random: Random, status: str, number: int) -> Values:
    """How it came to us, and how it stands with us now."""
    values: Values = {"x_lead_source": pick(random, SOURCES) if chance(random, 0.7) else None}
    if status in ("customer", "former"):
        values["x_customer_number"] = 10_000 + number
        values["x_customer_since"] = past_day(random, 18).isoformat()
    if chance(random, 0.65):
        values["x_last_met"] = working_hour(random, past_day(random, 4))
    if status != "former" and chance(random, 0.45):
        values["x_next_contact"] = coming_day(random, 180).isoformat()
    return values


SOURCES = (("referral", 34), ("website", 30), ("fair", 16), ("phone", 12), ("partner", 8))


def sales(random: Random, revenue: Values | None) -> Values:
    """What a customer buys: the larger it is the more, and a few customers buy most of all."""
    size = (revenue or {"amount": 400_000})["amount"]
    bought = round(min(size * 0.2, size**0.62 * random.lognormvariate(0.6, 1.1)), 2)
    return {
        "x_purchases": {"amount": bought, "currency": "EUR"},
        "x_abc_class": "a" if bought > 60_000 else "b" if bought > 12_000 else "c",
        "x_open_offers": {"amount": round(bought * random.uniform(0.1, 1.5), 2), "currency": "EUR"}
        if chance(random, 0.3) else None,
        "x_last_offer": past_day(random, 2).isoformat() if chance(random, 0.5) else None,
        "x_discount": random.choice((2, 2.5, 5, 5, 7.5, 10, 15)) if chance(random, 0.35) else None,
        "x_satisfaction": min(10, max(0, round(random.gauss(7.8, 1.6)))) if chance(random, 0.4) else None,
    }  # fmt: skip

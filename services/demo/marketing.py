"""Segments, campaigns and a newsletter of the demo organisation."""

import datetime as dt
from collections.abc import Mapping
from random import Random
from typing import Any

from bson import ObjectId

from models.rights import Access
from services.demo.drawing import chance, past_day
from services.records import Origin, create_record

Values = dict[str, Any]
SOURCES = ("Messut", "Verkkolomake", "Sopimuksen yhteydessä", "Puhelimessa")
#: Name -> whose, what holds for its members, and why it is there.
SEGMENTS: Mapping[str, Values] = {
    "A-asiakkaat": {
        "members": "company", "description": "Suurimmat asiakkaamme, joita tavataan neljännesvuosittain.",
        "conditions": [{"col": "status", "opr": "eq", "value": "customer"},
                       {"col": "x_abc_class", "opr": "eq", "value": "a"}]},
    "Pirkanmaan prospektit": {
        "members": "company", "description": "Kutsutaan aamukahveille Tampereelle.",
        "conditions": [{"col": "status", "opr": "eq", "value": "prospect"},
                       {"col": "city", "opr": "in", "value": ["Tampere", "Nokia", "Ylöjärvi", "Kangasala"]}]},
    "Uutiskirjeen tilaajat": {
        "members": "person", "description": "Uutiskirje neljä kertaa vuodessa.",
        "conditions": [{"col": "x_newsletter", "opr": "eq", "value": True}]},
    "Joulukorttilista": {
        "members": "person", "description": "Kortti paperilla: tarrat tulostetaan marraskuussa.",
        "conditions": [{"col": "x_christmas_card", "opr": "eq", "value": True}]},
}  # fmt: skip
NEWSLETTER = (
    '<div class="letter"><h1>Hei {{etunimi|asiakkaamme}}</h1><p>Syksyn huoltokampanja on alkanut: varaa aika ennen '
    "pakkasia, niin tarkastamme laitteet ilman lisämaksua.</p><p>Terveisin<br>Kortiston demo-organisaatio</p></div>"
)


def consents(random: Random) -> Values:
    """What a person has said of marketing; many have not said anything."""
    values: Values = {}
    for column, share in (("email_consent", 0.6), ("sms_consent", 0.25)):
        if chance(random, share):
            state = "refused" if chance(random, 0.12) else "granted"
            values[column] = {"state": state, "source": random.choice(SOURCES),
                              "on": past_day(random, 4).isoformat()}  # fmt: skip
    return values


def write_marketing(access: Access, today: dt.date, origin: Origin) -> int:
    """Add the segments, campaigns that have some of them, and a draft of a newsletter; how many records that were."""
    made: dict[str, ObjectId] = {name: create_record(access, "segment", {"name": name, **values}, origin=origin)["_id"]
                                 for name, values in SEGMENTS.items()}  # fmt: skip
    campaigns = [
        create_record(access, "campaign", {
            "name": f"Joulutervehdys {today.year}", "kind": "mailing", "state": "planned",
            "segments": [str(made["Joulukorttilista"])], "starts_on": f"{today.year}-11-15",
            "ends_on": f"{today.year}-12-20", "budget": {"amount": 900, "currency": "EUR"},
            "goal": "Jokainen saa kortin ajoissa."}, origin=origin),
        create_record(access, "campaign", {
            "name": f"Huoltokampanja {today.year}", "kind": "mailing", "state": "running",
            "segments": [str(made["Uutiskirjeen tilaajat"]), str(made["A-asiakkaat"])],
            "starts_on": (today - dt.timedelta(days=30)).isoformat(),
            "ends_on": (today + dt.timedelta(days=30)).isoformat(),
            "budget": {"amount": 5_000, "currency": "EUR"}, "costs": {"amount": 3_240, "currency": "EUR"},
            "goal": "Kymmenen uutta huoltosopimusta."}, origin=origin),
    ]  # fmt: skip
    create_record(access, "mailing", {
        "name": "Uutiskirje: huoltokampanja", "segment": str(made["Uutiskirjeen tilaajat"]),
        "campaign": str(campaigns[1]["_id"]), "language": "fi", "subject": "Huolto ennen pakkasia, {{etunimi|hei}}",
        "html": NEWSLETTER}, origin=origin)  # fmt: skip
    return len(made) + len(campaigns) + 1

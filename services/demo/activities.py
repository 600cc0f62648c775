"""What the demo organisation did and has to do: calls, meetings, offers and tasks with its companies and people.

Days are reckoned from the day on which it is loaded, so that there is something overdue and something to come; how far
from it each lies is drawn from the seed and the activity's own number alone.
"""

import datetime as dt
from collections.abc import Mapping
from random import Random
from typing import Any

from services.demo.companies import company, pick
from services.demo.drawing import Ref, chance
from services.demo.people import places
from services.demo.staff import STAFF
from services.demo.words import names, titles, words, yaml_of

Values = dict[str, Any]
ZONE = "Europe/Helsinki"
#: Of all activities: what was done, what is to be done, meetings to come, colleagues' own.
SORTS = (("past", 76), ("task", 14), ("meeting", 8), ("own", 2))
PAST_KINDS = (("call", 42), ("email", 22), ("meeting", 18), ("offer", 8), ("note", 6), ("letter", 4))
LENGTHS = {"call": (5, 10, 15, 30), "meeting": (30, 60, 60, 90, 120)}
PRIORITIES = (("normal", 74), ("high", 18), ("low", 8))
RULES = ("FREQ=WEEKLY", "FREQ=WEEKLY;INTERVAL=2", "FREQ=MONTHLY")
REMINDERS = ("15", "60", "1440")
YEARS_BACK = 2.0


def activity(seed: int, number: int, companies: range, people: range, today: dt.date) -> Values:
    """The values of activity `number`; references as `Ref`. `done_at` stands among them for what was done."""
    random = Random(f"{seed}/activity/{number}")
    sort = pick(random, SORTS)
    if sort == "own" or not companies:
        return own(random, today)
    firm, person = with_whom(random, seed, companies, people)
    owner = company(seed, firm).get("owner") or Ref("user", random.randrange(len(STAFF)))
    values = {"past": past, "task": task, "meeting": coming}[sort](random, today)
    values |= {"companies": [Ref("company", firm)], "owner": owner, "team": company(seed, firm).get("team")}
    return values | ({"people": [Ref("person", person)]} if person is not None else {})


def texts() -> Mapping[str, list[str]]:
    """The subjects of each kind, and of private and the team's own."""
    found: Mapping[str, list[str]] = yaml_of("words.yaml")["activities"]
    return found


def with_whom(random: Random, seed: int, companies: range, people: range) -> tuple[int, int | None]:
    """A person and where they work; a company alone where nobody is drawn."""
    if people and chance(random, 0.7):
        person = random.choice(people)
        # The same draws as the person's own, so that both belong together.
        drawn = Random(f"{seed}/person/{person}")
        work = employer_of(drawn, seed, companies)
        if work is not None:
            return work, person
    return random.choice(companies), None


def employer_of(drawn: Random, seed: int, companies: range) -> int | None:
    names("first").draw(drawn), names("last").draw(drawn), titles().draw(drawn)
    return places(drawn, seed, companies)[0] if chance(drawn, 0.94) else None


def past(random: Random, today: dt.date) -> Values:
    kind = pick(random, PAST_KINDS)
    start = at_work(random, today - dt.timedelta(days=1 + int(random.random() ** 1.6 * YEARS_BACK * 365)))
    values: Values = {"kind": kind, "state": "done", "name": random.choice(texts()[kind]),
                      "starts_at": start.isoformat(), "done_at": start}  # fmt: skip
    if kind in LENGTHS:
        values["ends_at"] = (start + dt.timedelta(minutes=random.choice(LENGTHS[kind]))).isoformat()
    if chance(random, 0.35):
        values["text"] = random.choice(words("activity_notes"))
    return values


def task(random: Random, today: dt.date) -> Values:
    """A third is overdue, some have no day; every seventh is done already."""
    days = int(random.gauss(4, 9))
    due = today + dt.timedelta(days=days)
    values: Values = {"kind": "task", "name": random.choice(texts()["task"]),
                      "priority": pick(random, PRIORITIES)}  # fmt: skip
    if chance(random, 0.9):
        values["due_on"] = due.isoformat()
    if chance(random, 0.15):
        done = at_work(random, min(due, today - dt.timedelta(days=1)))
        return values | {"state": "done", "done_at": done}
    if chance(random, 0.12):
        values["state"] = "waiting"
    if "due_on" in values and chance(random, 0.05):
        values["repeats"] = random.choice(RULES)
    return values


def coming(random: Random, today: dt.date) -> Values:
    start = at_work(random, today + dt.timedelta(days=int(random.random() ** 1.3 * 45)))
    values: Values = {"kind": "meeting", "name": random.choice(texts()["meeting"]),
                      "starts_at": start.isoformat(), "place": random.choice(words("places")),
                      "ends_at": (start + dt.timedelta(minutes=random.choice(LENGTHS["meeting"]))).isoformat(),
                      "reminder": random.choice(REMINDERS)}  # fmt: skip
    if chance(random, 0.3):
        values["users"] = [Ref("user", random.randrange(len(STAFF)))]
    return values


def own(random: Random, today: dt.date) -> Values:
    """A colleague's own: private appointments, and the team's meetings that come again."""
    number = random.randrange(len(STAFF))
    start = at_work(random, today + dt.timedelta(days=random.randrange(-10, 30)))
    private = chance(random, 0.5)
    values: Values = {
        "kind": "other" if private else "meeting",
        "name": random.choice(texts()["private" if private else "team"]),
        "owner": Ref("user", number), "starts_at": start.isoformat(),
        "ends_at": (start + dt.timedelta(minutes=60)).isoformat(),
    }  # fmt: skip
    if private:
        return values | {"private": True}
    others = random.sample([one for one in range(len(STAFF)) if one != number], 3)
    return values | {"repeats": random.choice(RULES), "users": [Ref("user", one) for one in others]}


def at_work(random: Random, day: dt.date) -> dt.datetime:
    """A quarter of an hour in the working time of that day, or of the Friday before it, in UTC."""
    day -= dt.timedelta(days=max(0, day.weekday() - 4))
    hour, minute = random.randrange(6, 14), random.choice((0, 15, 30, 45))
    return dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=dt.UTC)

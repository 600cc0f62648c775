"""The sales projects of the demo organisation, each as a story: how it began, what was changed when, how it ended.

Moments are reckoned from the day on which the organisation is loaded; how far from it each lies is drawn from the seed
and the project's own number alone. Stages are places in the first pipeline, whatever its stages are called.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from random import Random
from typing import Any

from services.demo.activities import at_work, with_whom
from services.demo.companies import company, pick
from services.demo.drawing import Ref, chance
from services.demo.products import Item, items
from services.demo.staff import seller_of
from services.demo.words import words, yaml_of

Values = dict[str, Any]
#: Places of the stages, and what a project is that is closed.
STAGES, OFFERED, TALKED = 4, 2, 3
REASONS = (("price", 34), ("competitor", 18), ("no_decision", 16), ("no_budget", 14), ("delivery", 10), ("product", 8))
WON_FOR = (("relationship", 30), ("product", 30), ("delivery", 20), ("price", 20))
LOST_AT = (("0", 22), ("1", 26), ("2", 32), ("3", 20))
DISCOUNTS = (("0", 60), ("5", 20), ("10", 15), ("12,5", 5))
WON_SHARE, DAYS_BACK = 0.42, 730


@dataclass(frozen=True)
class Step:
    """What was written on a day; `stage` is the place of the stage that was reached with it, None for the same."""

    day: dt.date
    values: Values
    stage: int | None = None


@dataclass(frozen=True)
class Story:
    """A sales project: its steps in their order, the first of which adds it, and what was and is to be done for it."""

    seller: Ref
    steps: Sequence[Step]
    activities: Sequence[Values]


@dataclass(frozen=True)
class Course:
    """When it began, how long it takes, and how it stands: open, won or lost, and at which stage."""

    start: dt.date
    days: int
    state: str
    stage: int

    def day(self, share: float) -> dt.date:
        """A working day after so much of its time."""
        day = self.start + dt.timedelta(days=int(self.days * share))
        return day - dt.timedelta(days=max(0, day.weekday() - 4))


@lru_cache(maxsize=512)
def opportunity(seed: int, number: int, companies: range, people: range, today: dt.date) -> Story:
    """The story of project `number`; references as `Ref`."""
    random = Random(f"{seed}/opportunity/{number}")
    course, sold = course_of(random, today), rows_of(random)
    who = parties(random, seed, companies, people)
    steps = [beginning(random, course, sold, who), *later(random, course, sold, today), *slips(random, course, today)]
    steps = sorted(steps, key=lambda step: step.day)
    done = [*done_for(random, number, course, who), *next_for(random, number, course, steps, who, today)]
    return Story(who["owner"], steps, done)


def course_of(random: Random, today: dt.date) -> Course:
    """Recent ones more often: those that have run as long as they take are won or lost, the others are open."""
    age = 2 + int(random.random() ** 2.2 * DAYS_BACK)
    length = max(12, int(random.lognormvariate(4.3, 0.6)))
    start = today - dt.timedelta(days=age)
    if age <= length:
        return Course(start, age - 1, "open", min(TALKED, int(age / length * STAGES)))
    if chance(random, WON_SHARE):
        return Course(start, length - 1, "won", TALKED if chance(random, 0.8) else OFFERED)
    return Course(start, length - 1, "lost", int(pick(random, LOST_AT)))


def parties(random: Random, seed: int, companies: range, people: range) -> Values:
    """Customer, person, seller and team."""
    if not companies:
        seller = seller_of("south", random)
        return {"owner": seller, "team": Ref("team", "south"), "town": ""}
    firm, person = with_whom(random, seed, companies, people)
    values = company(seed, firm)
    team = values["team"]
    return {
        "company": Ref("company", firm), "team": team, "town": values["city"],
        "owner": values.get("owner") or seller_of(str(team.number), random),
        **({"people": [Ref("person", person)]} if person is not None else {}),
    }  # fmt: skip


# What is sold


def rows_of(random: Random) -> list[tuple[int, Item, Values]]:
    """(number of the product, the product, its row): the dearest stands first and gives the project its name."""
    numbers = random.sample(range(len(items())), int(pick(random, (("1", 30), ("2", 35), ("3", 22), ("4", 13)))))
    drawn = [row_of(random, number) for number in numbers]
    return sorted(drawn, key=lambda one: -amount(one[2]))


def row_of(random: Random, number: int) -> tuple[int, Item, Values]:
    item = items()[number]
    quantity = 1 + int(random.random() ** 2 * item.most)
    return number, item, {"product": Ref("product", number), "name": item.name, "unit": item.unit,
                          "price": str(item.price), "quantity": str(quantity), "discount": "0"}  # fmt: skip


def amount(row: Values) -> Decimal:
    return Decimal(row["price"]) * Decimal(row["quantity"])


def offered(random: Random, sold: Sequence[tuple[int, Item, Values]]) -> list[Values]:
    return [{**row, "discount": pick(random, DISCOUNTS)} for _number, _item, row in sold]


def bargained(random: Random, sold: Sequence[tuple[int, Item, Values]]) -> list[Values]:
    """The rows after they were talked about: a discount more, more or fewer of something."""
    rows = [{**row, "discount": random.choice(("5", "8", "10", "15"))} for _number, _item, row in sold]
    if chance(random, 0.4):
        changed = random.randrange(len(rows))
        more = max(1, int(int(rows[changed]["quantity"]) * random.uniform(0.5, 1.6)))
        rows[changed] = {**rows[changed], "quantity": str(more)}
    return rows


def estimate(random: Random, sold: Sequence[tuple[int, Item, Values]]) -> Values:
    total = sum(float(amount(row)) for _number, _item, row in sold) * random.uniform(0.7, 1.3)
    return {"amount": str(max(500, round(total / 500) * 500)), "currency": "EUR"}


# What was done when


def beginning(random: Random, course: Course, sold: Sequence[tuple[int, Item, Values]], who: Values) -> Step:
    name = f"{sold[0][1].deal}, {random.choice((who['town'], *words('deal_places'))) or words('deal_places')[0]}"
    closing = course.start + dt.timedelta(days=max(14, int(random.gauss(75, 25))))
    values = {"name": name, "value": estimate(random, sold), "closes_on": closing.isoformat(),
              "next_step": random.choice(words("deal_steps")[0])}  # fmt: skip
    values |= {column: value for column, value in who.items() if column != "town"}
    return Step(course.start, values, 0)


def later(
    random: Random, course: Course, sold: Sequence[tuple[int, Item, Values]], today: dt.date
) -> Iterator[Step]:  # fmt: skip
    """From stage to stage, and the end."""
    with_rows = chance(random, 0.88)
    for stage in range(1, course.stage + 1):
        values: Values = {"next_step": random.choice(words("deal_steps")[stage])}
        if stage == OFFERED and with_rows:
            values["products"] = offered(random, sold)
        elif stage == TALKED and chance(random, 0.6):
            values |= {"products": bargained(random, sold)} if with_rows else {"value": estimate(random, sold)}
        yield Step(course.day(stage / (course.stage + 1)), values, stage)
    if course.state != "open":
        yield from ending(random, course, today)


def ending(random: Random, course: Course, today: dt.date) -> Iterator[Step]:
    """Won or lost; a few that were lost are taken up again."""
    day = course.day(1)
    reason = pick(random, REASONS if course.state == "lost" else WON_FOR)
    values: Values = {"state": course.state, "closed_on": day.isoformat(), "next_step": ""}
    if course.state == "lost" or chance(random, 0.6):
        values["reason"] = reason
    if course.state == "lost" and chance(random, 0.4):
        values["reason_text"] = random.choice(yaml_of("words.yaml")["deal_reasons"][reason])
    yield Step(day, values)
    again = day + dt.timedelta(days=random.randrange(10, 60))
    if course.state == "lost" and again < today and chance(random, 0.06):
        closing = today + dt.timedelta(days=random.randrange(10, 90))
        yield Step(again, {"state": "open", "closes_on": closing.isoformat(),
                           "next_step": random.choice(words("deal_steps")[course.stage])})  # fmt: skip


def slips(random: Random, course: Course, today: dt.date) -> Iterator[Step]:
    """As long as the expected closing goes by, most are put off; some are forgotten."""
    end = course.day(1) if course.state != "open" else today
    day = course.start + dt.timedelta(days=max(14, int(random.gauss(60, 20))))
    while day < end and chance(random, 0.85):
        closing = day + dt.timedelta(days=random.randrange(21, 90))
        yield Step(day, {"closes_on": closing.isoformat()})
        day = closing - dt.timedelta(days=random.randrange(0, 10))


# What was and is to be done for it


def done_for(random: Random, number: int, course: Course, who: Values) -> Iterator[Values]:
    """A meeting, an offer or a call at the stages that it came to."""
    subjects = yaml_of("words.yaml")["activities"]
    for stage, kind in ((1, "meeting"), (2, "offer"), (3, "call")):
        if stage <= course.stage and chance(random, 0.6):
            start = at_work(random, course.day(stage / (course.stage + 1)))
            yield {**shared(number, who), "kind": kind, "state": "done", "name": random.choice(subjects[kind]),
                   "starts_at": start.isoformat(), "done_at": start}  # fmt: skip


def next_for(
    random: Random, number: int, course: Course, steps: Sequence[Step], who: Values, today: dt.date
) -> Iterator[Values]:
    """The next step of most that are open, as a task."""
    if course.state != "open" or not chance(random, 0.7):
        return
    said = next(step.values["next_step"] for step in reversed(steps) if "next_step" in step.values)
    due = today + dt.timedelta(days=int(random.gauss(5, 8)))
    yield {**shared(number, who), "kind": "task", "name": said, "due_on": due.isoformat(),
           "priority": "high" if chance(random, 0.2) else "normal"}  # fmt: skip


def shared(number: int, who: Values) -> Values:
    """What an activity has of its project."""
    found = {"opportunities": [Ref("opportunity", number)], "owner": who["owner"], "team": who["team"]}
    if "company" in who:
        found["companies"] = [who["company"]]
    return found | ({"people": who["people"]} if "people" in who else {})


def in_order(random: Random, steps: Sequence[Step]) -> Iterator[tuple[dt.datetime, Step]]:
    """Each step with its moment in working time, later than the one before."""
    last = None
    for step in steps:
        moment = at_work(random, step.day)
        last = moment if last is None or moment > last else last + dt.timedelta(minutes=7)
        yield last, replace(step, day=last.date())

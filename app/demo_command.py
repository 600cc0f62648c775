"""The demo organisation from a shell: `flask --app app load-demo`."""

import secrets
import sys
from collections.abc import Callable, Iterator

import click
from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from app.indexes import ensure_indexes
from models.fields.errors import ValidationFailed
from models.rights import system_access
from services.demo import SEED, STAFF, Loaded, RecordsExist, load_organisation
from services.demo.staff import TEAMS, role_name
from services.passwords import weakness
from services.security import add_ready_roles

#: How many records a terminal is told of at a time.
STEP = 1_000
AMOUNT = click.IntRange(0, 400_000)


@click.command("load-demo")
@click.option("--companies", type=AMOUNT, default=2_000, show_default=True, help="How many companies.")
@click.option("--people", type=AMOUNT, default=5_000, show_default=True, help="How many people.")
@click.option("--activities", type=AMOUNT, default=6_000, show_default=True, help="How many calls, meetings, tasks.")
@click.option("--opportunities", type=AMOUNT, default=600, show_default=True, help="How many sales projects.")
@click.option("--seed", type=int, default=SEED, show_default=True, help="Another number draws another organisation.")
@click.option("--password", default="", help="The users' password; a new one is made up and printed, if not given.")
@click.option("--add", is_flag=True, help="Go on although there are records already.")
@click.option("--language", type=click.Choice(["en", "fi"]), default="en", help="Language of the messages.")
def load_demo(
    companies: int, people: int, activities: int, opportunities: int, seed: int, password: str, add: bool, language: str
) -> None:  # fmt: skip
    """Fill Kortisto with a demo organisation: companies, people, fields, users and letter templates."""
    with force_locale(language):
        chosen = password or new_password()
        refuse_weak(chosen)
        add_ready_roles()
        ensure_indexes()
        try:
            loaded = load_organisation(
                system_access(language=language), companies=companies, people=people, activities=activities,
                opportunities=opportunities, password=chosen, seed=seed, add=add, progress=teller(),
            )  # fmt: skip
        except (RecordsExist, ValidationFailed) as problem:
            click.echo(str(problem), err=True)
            sys.exit(1)
        for line in report(loaded, chosen):
            click.echo(line)


def new_password() -> str:
    return secrets.token_urlsafe(12)


def refuse_weak(password: str) -> None:
    """Before anything is written: a password that some user could not have ends the command."""
    messages = {str(message) for employee in STAFF if (message := weakness(password, employee.username))}
    if messages:
        raise click.BadParameter(" ".join(sorted(messages)), param_hint="--password")


def teller() -> Callable[[int], None]:
    """Tells how many records are written, at every thousand."""
    told = 0

    def tell(count: int) -> None:
        nonlocal told
        if count // STEP > told:
            told = count // STEP
            click.echo(_("%(count)s records …", count=f"{told * STEP:,}"))

    return tell


def report(loaded: Loaded, password: str) -> Iterator[str]:
    yield _("The demo organisation is there: %(companies)s companies, %(people)s people, "
            "%(opportunities)s sales projects.", companies=f"{loaded.companies:,}", people=f"{loaded.people:,}",
            opportunities=f"{loaded.opportunities:,}")  # fmt: skip
    if not loaded.users:
        yield _("Its users were there already, with the passwords they have.")
        return
    yield _("Sign in at %(address)s as any of these, with the password %(password)s", password=password,
            address=current_app.config["PUBLIC_ADDRESS"])  # fmt: skip
    for employee in loaded.users:
        yield f"  {employee.username:<20} {role_name(employee.role):<18} {TEAMS.get(employee.team, '')}".rstrip()

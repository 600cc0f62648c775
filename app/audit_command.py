"""The command that walks the audit's chain: `flask --app app check-audit`."""

import re
import sys

import click

from services.audit.chain import BrokenChain, End, Fault, check_chain, head

SAID = {
    Fault.CHANGED: "Entry {number} was changed, or the one before it: what it holds is not what its hash was made of.",
    Fault.MISSING: "Entry {number} is missing.",
    Fault.INSERTED: "Entry {number} was inserted: the program has not written it.",
}


def read_end(_context: click.Context, _option: click.Parameter, text: str | None) -> End | None:
    """The number and hash that `--head` printed."""
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,15}:[0-9a-f]{64}", text):
        raise click.BadParameter("give what --head printed: a number, a colon and 64 digits")
    number, _colon, digest = text.partition(":")
    return End(int(number), digest)


@click.command("check-audit")
@click.option("--head", "only_head", is_flag=True, help="Print the number and the hash of the last entry, and no more: "
              "to be kept where nobody who could change the database has access.")  # fmt: skip
@click.option("--kept", callback=read_end, metavar="NUMBER:HASH", help="An end that --head printed earlier: the entry "
              "must be there still, with this hash.")  # fmt: skip
def check_audit(only_head: bool, kept: End | None) -> None:
    """Walk the chain of the audit from its first entry. Ends with 1 where it is broken, saying at which entry."""
    if only_head:
        click.echo(str(head()))
        return
    try:
        end = check_chain(kept, lambda number: click.echo(f"{number} entries hold", err=True)
                          if number % 100_000 == 0 and number else None)  # fmt: skip
    except BrokenChain as broken:
        click.echo(SAID[broken.fault].format(number=broken.number), err=True)
        sys.exit(1)
    click.echo(f"The chain holds: {end.number} entries. Its end is {end}")

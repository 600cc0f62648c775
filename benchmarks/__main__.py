"""`python -m benchmarks [--records N]`: fill a database, measure, print the table, write the JSON."""

import gc
from collections.abc import Iterator
from pathlib import Path

import click
from flask import Flask

from benchmarks.activities import activity_cases
from benchmarks.bulk import bulk_case
from benchmarks.floors import make_floor
from benchmarks.imports import import_costs
from benchmarks.many_fields import many_fields_cases
from benchmarks.measuring import Case, Result, measure
from benchmarks.pipeline_past import past_cases
from benchmarks.place import USUAL_FIELDS, application, fill
from benchmarks.reading import company_page_case, http_cases, reading_cases, signed_in
from benchmarks.report import document, job_lines, lines, write_json
from benchmarks.reports import report_cases
from benchmarks.whole_jobs import job_costs
from benchmarks.writing import writing_cases
from config import PROJECT_ROOT
from models.rights import system_access

#: The generator has numbers for half a million companies, and the writing cases need some.
AMOUNT = click.IntRange(50, 400_000)


@click.command()
@click.option("--records", type=AMOUNT, default=100_000, show_default=True, help="How many companies.")
@click.option("--fields", type=click.IntRange(USUAL_FIELDS, 500), default=USUAL_FIELDS, show_default=True,
              help="How many custom fields companies have.")
@click.option("--rounds", type=click.IntRange(1, 100), default=7, show_default=True, help="Runs of each case.")
@click.option("--rows", type=click.IntRange(1, 20_000), default=2_000, show_default=True, help="Rows of an import.")
@click.option("--letters", type=click.IntRange(1, 100_000), default=1_000, show_default=True, help="Letters, about.")
@click.option("--bulk", type=click.IntRange(1, 10_000), default=10_000, show_default=True,
              help="Records of a bulk create over REST.")
@click.option("--job-letters", type=click.IntRange(1, 100_000), default=10_000, show_default=True,
              help="Letters of a whole job, about.")
@click.option("--job-rows", type=click.IntRange(1, 200_000), default=100_000, show_default=True,
              help="Rows of a workbook that whole jobs import and undo.")
@click.option("--only-jobs", is_flag=True, help="Nothing but whole jobs.")
@click.option("--json", "path", type=click.Path(dir_okay=False, path_type=Path),
              default=Path(PROJECT_ROOT) / "build" / "bench.json", help="Where the results go.")  # fmt: skip
def main(
    records: int, fields: int, rounds: int, rows: int, letters: int, bulk: int, job_letters: int, job_rows: int,
    only_jobs: bool, path: Path,
) -> None:  # fmt: skip
    """Measure lists, filters, writing and letters against bare pymongo calls that do the same."""
    with application() as (app, settings):
        click.echo(f"Writing {records:,} companies", err=True)
        seconds = fill(app, records, fields)
        results = [] if only_jobs else list(measured(app, records, rounds, (rows, letters, bulk)))
        click.echo("whole jobs", err=True)
        jobs = [*job_costs(app, job_letters), *import_costs(app, settings, records, job_rows)]
        write_json(path, document(results, jobs, records=records, fields=fields, rounds=rounds, fill_seconds=seconds))
    click.echo(f"{records:,} companies with {fields} custom fields, written in {seconds:,.0f} s "
               f"({records / seconds:,.0f} a second); medians of {rounds}.\n")  # fmt: skip
    for line in [*(lines(results) if results else ()), "", *job_lines(jobs)]:
        click.echo(line)
    click.echo(f"\nAlso in {path}")


def measured(app: Flask, records: int, rounds: int, written: tuple[int, int, int]) -> Iterator[Result]:
    for case in cases(app, records, written, rounds + 1):
        click.echo(case.name, err=True)
        # What earlier cases left behind is not to be cleared away within this one.
        gc.collect()
        yield measure(app, case, rounds)


def cases(app: Flask, records: int, written: tuple[int, int, int], runs: int) -> Iterator[Case]:
    """All cases; those that write (rows of an import, letters, records of a bulk create) come last, for they change
    what the others read."""
    rows, letters, bulk = written
    access = system_access()
    with app.app_context():
        make_floor()
    yield from reading_cases(app, access, records)
    client = signed_in(app)
    yield from http_cases(client)
    yield company_page_case(app, client)
    yield from many_fields_cases(app, access, client)
    yield from activity_cases(app, records)
    yield from report_cases(app, records)
    yield from past_cases(app, records)
    yield from writing_cases(access, rows, letters, runs)
    yield bulk_case(app, access, bulk)


if __name__ == "__main__":
    main()

"""Commands of the server's shell: `flask --app app …`."""

import sys
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask_babel import force_locale

from app.audit_command import check_audit
from app.backup_commands import backup, export_all, import_all, restore
from app.demo_command import load_demo
from app.import_report import report_lines
from app.merge_command import merge_files, outcome_lines
from models.fields.errors import ConditionError
from models.fields.schema import schema_of
from models.registers import UnknownRegister, all_registers
from models.rights import system_access
from services.imports import ImportProblem, ImportReport, import_now, read_mapping, undo_now
from services.jobs import JobError
from services.keeping_past import make_past_anew
from services.merge import FORMS, UNKNOWN_CHOICES, Form
from services.search import TooSlow
from services.unheld_files import collect_content, collect_files
from services.word import TemplateError

LANGUAGE = click.option("--language", type=click.Choice(["en", "fi"]), default="en", help="Language of the messages.")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def register_commands(app: Flask) -> None:
    """Add our commands to Flask's."""
    for command in (backup, restore, export_all, import_all):
        app.cli.add_command(command)
    app.cli.add_command(check_audit)
    app.cli.add_command(collect_files_now)
    app.cli.add_command(import_records)
    app.cli.add_command(load_demo)
    app.cli.add_command(merge_records)
    app.cli.add_command(rebuild_past)
    app.cli.add_command(undo_import)


@click.command("import-records")
@click.argument("register")
@click.argument("file", type=FILE)
@click.option("--mapping", type=FILE, required=True, help="What goes where: a YAML file, see docs/import.md.")
@LANGUAGE
def import_records(register: str, file: Path, mapping: Path, language: str) -> None:
    """Bring the CSV, XLSX or ODS table FILE into REGISTER (company, person)."""
    with force_locale(language):
        try:
            report = import_file(register, file, mapping, language)
        except (ImportProblem, UnknownRegister, OSError) as problem:
            click.echo(str(problem), err=True)
            sys.exit(1)
        for line in report_lines(report):
            click.echo(line)
    sys.exit(0 if report.created or report.changed or report.skipped else 1)


def import_file(register: str, file: Path, mapping: Path, language: str) -> ImportReport:
    rules = read_mapping(mapping.read_text(encoding="utf-8-sig", errors="replace"))
    with file.open("rb") as stream:
        return import_now(system_access(language=language), register, stream, file.name, rules)


@click.command("undo-import")
@click.argument("batch")
@LANGUAGE
def undo_import(batch: str, language: str) -> None:
    """Take back all that an import wrote, by the BATCH that its report tells."""
    with force_locale(language):
        try:
            job = undo_now(system_access(language=language), batch)
        except ImportProblem as problem:
            click.echo(str(problem), err=True)
            sys.exit(1)
        for line in (*job["log"], job["message"]):
            click.echo(line)


@click.command("merge-records")
@click.argument("register")
@click.argument("template", type=FILE)
@click.argument("output", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--filter", "filter_text", metavar="JSON",
              help='Which records: [{"col", "opr", "value"}]; all, if not given.')  # fmt: skip
@click.option("--map", "field_map", type=FILE, help="YAML lines of “merge field: column” for fields no name finds.")
@click.option("--data", type=FILE, help="A JSON list of objects, one a letter, instead of records.")
@click.option("--unknown", type=click.Choice(UNKNOWN_CHOICES), default="blank",
              help="Merge fields that nothing fills: leave them blank, or stop. [default: blank]")  # fmt: skip
@click.option("--as", "form", type=click.Choice(FORMS), default="one",
              help="One document, a zip of documents of 1,000 letters each, or a zip of one document a letter. "
                   "[default: one]")  # fmt: skip
@click.option("--pdf", is_flag=True, help="PDF instead of Word; needs LibreOffice.")
@click.option("--language", type=click.Choice(["en", "fi"]), default="en", help="Language of values and messages.")
def merge_records(
    register: str, template: Path, output: Path, language: str, form: str, pdf: bool, **options: Any
) -> None:
    """Write a letter made of the Word file TEMPLATE for each record of REGISTER into OUTPUT."""
    if options["data"] and options["filter_text"]:
        raise click.UsageError("Give --data or --filter, not both: rows of a file are not filtered.")
    with force_locale(language):
        try:
            outcome = merge_files(register, template, output, language=language, form=Form(form, pdf), **options)
        except (JobError, TemplateError, ConditionError, UnknownRegister, TooSlow, OSError) as problem:
            click.echo(str(problem), err=True)
            sys.exit(1)
        for line in outcome_lines(outcome, output):
            click.echo(line)


@click.command("collect-files")
def collect_files_now() -> None:
    """Remove files and content that nothing holds any more, a day old or older: the worker does so once an hour."""
    click.echo(f"{collect_files()} files, {collect_content()} contents")


@click.command("rebuild-past")
def rebuild_past() -> None:
    """Work out anew, from the change entries, what records were on past days: where records and entries came into the
    database by other ways than this program. While nobody works."""
    for register in all_registers():
        if register.keeps_past:
            make_past_anew(schema_of(register.key))
            click.echo(register.key)

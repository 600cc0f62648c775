"""Commands of the server's shell: `flask --app app …`."""

import sys
from pathlib import Path

import click
from flask import Flask
from flask_babel import force_locale

from app.import_report import report_lines
from models.registers import UnknownRegister
from models.rights import system_access
from services.imports import ImportProblem, ImportReport, import_now, read_mapping

LANGUAGE = click.option("--language", type=click.Choice(["en", "fi"]), default="en", help="Language of the messages.")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def register_commands(app: Flask) -> None:
    """Add our commands to Flask's."""
    app.cli.add_command(import_records)


@click.command("import-records")
@click.argument("register")
@click.argument("file", type=FILE)
@click.option("--mapping", type=FILE, required=True, help="What goes where: a YAML file, see docs/import.md.")
@LANGUAGE
def import_records(register: str, file: Path, mapping: Path, language: str) -> None:
    """Bring the CSV or XLSX table FILE into REGISTER (company, person)."""
    with force_locale(language):
        try:
            report = import_file(register, file, mapping, language)
        except (ImportProblem, UnknownRegister, OSError) as problem:
            click.echo(str(problem), err=True)
            sys.exit(1)
        for line in report_lines(report):
            click.echo(line)
    sys.exit(0 if report.created or report.skipped else 1)


def import_file(register: str, file: Path, mapping: Path, language: str) -> ImportReport:
    rules = read_mapping(mapping.read_text(encoding="utf-8-sig", errors="replace"))
    with file.open("rb") as stream:
        return import_now(system_access(language=language), register, stream, file.name, rules)

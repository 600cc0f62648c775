"""What the documentation says to do can be done: links lead somewhere, commands exist, files are there, and pictures
are those that `make screenshots` takes."""

import re
import shlex
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import click
import pytest
import yaml
from flask import Flask
from lxml import html
from playwright.sync_api import Browser

from config import PROJECT_ROOT, SETTINGS
from models.rights import system_access
from run import PARTS
from services.demo import load_organisation
from tests.screenshots import FOLDERS, PASSWORD, PICTURES, name_support, take

ROOT = Path(PROJECT_ROOT)
DOCS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
HELP = ROOT / "build" / "help"
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
VARIABLES = {setting.env for setting in SETTINGS}
#: Fenced blocks, and what those of commands are marked with.
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
COMMANDS = ("", "sh", "bash", "console")
#: What a line of a block, or a text in the middle of a line, begins with where it is a command of ours.
OURS = re.compile(r"(?:\.venv/bin/)?(flask --app app|python run\.py|make) ?(.*)")
IN_TEXT = re.compile(r"(?:\.venv/bin/)?(?:flask --app app .*|python run\.py.*|make(?: [a-z-]+)*)")
#: Files of ours that a command takes.
FILE = re.compile(r"(?:deploy|mappings|tests/data)/[\w./-]+")


# Links


def pages() -> dict[str, "html.HtmlElement"]:
    """Every page of the help by its address."""
    return {f"/help/{path.relative_to(HELP).parent.as_posix()}/": html.parse(str(path)).getroot()
            for path in HELP.rglob("index.html")}  # fmt: skip


def broken_links(found: dict[str, "html.HtmlElement"]) -> Iterator[str]:
    anchors = {address: set(root.xpath("//@id")) for address, root in found.items()}
    for address, root in found.items():
        for link in root.xpath("//*[self::a or self::link]/@href | //*[self::img or self::script]/@src"):
            target = urlsplit(urljoin(address, link))
            if target.netloc or not target.path.startswith("/help/"):
                continue
            path = HELP / unquote(target.path.removeprefix("/help/"))
            places = anchors.get(target.path)
            gone = not path.is_file() if places is None else target.fragment and unquote(target.fragment) not in places
            if gone:
                yield f"{address}: {link}"


def test_every_link_of_the_help_leads_to_a_page_and_a_place_in_it() -> None:
    found = pages()
    assert len(found) > 50, "run make docs"
    assert list(broken_links(found)) == []


def test_links_that_lead_nowhere_are_found() -> None:
    root = html.fromstring('<p><a href="../nothing/">a</a><a href="#b">b</a><a href="https://example.com/">c</a></p>')
    assert list(broken_links({"/help/en/x/": root})) == ["/help/en/x/: ../nothing/", "/help/en/x/: #b"]


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_the_files_leads_to_a_file(path: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8"))
    broken = [link for link in links if not urlsplit(link).scheme and not (path.parent / link).exists()]
    assert broken == []


# Commands


def commands(text: str) -> Iterator[str]:
    """What may be a command of ours: the lines of blocks, continued ones as one, and commands in a text."""
    for language, block in BLOCK.findall(text):
        if language in COMMANDS:
            yield from re.sub(r"\\\n\s*", "", block).splitlines()
    yield from (said for said in re.findall(r"`([^`\n]+)`", BLOCK.sub("", text)) if IN_TEXT.fullmatch(said))


def problem_of(command: str, app: Flask) -> str:
    """What is wrong with a command that the documentation gives; "" for nothing, and for what is none of ours."""
    missing = [file for file in FILE.findall(command) if not (ROOT / file).exists()]
    if missing:
        return f"no such file: {missing[0]}"
    found = OURS.search(command)
    if not found or (found.start() and command[found.start() - 1] not in " /"):
        return ""
    kind, rest = found.groups()
    if kind == "make":
        words = [word for word in rest.split("#")[0].split() if "=" not in word]
        return "" if set(words) <= TARGETS else f"make has no {words}"
    if kind == "python run.py":
        return "" if set(rest.split()) <= set(PARTS) else f"run.py has no {rest}"
    return flask_problem(shlex.split(rest.replace("…", "x")), app)


def flask_problem(words: list[str], app: Flask) -> str:
    """What is wrong with the words after `flask --app app`."""
    command: click.Command | None = app.cli
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        command = command.commands.get(words[0]) or {"run": click.Command("run"), "shell": click.Command("shell")}.get(
            words[0])  # fmt: skip
        if command is None:
            return f"flask has no {words[0]}"
        words = words[1:]
    options = {name for parameter in command.params for name in parameter.opts} | {"--help"} if command else set()
    unknown = [word for word in words if word.startswith("--") and word.partition("=")[0] not in options]
    return f"no such option: {unknown[0]}" if unknown else ""


def test_every_command_of_the_documentation_exists(app: Flask) -> None:
    wrong = [f"{path.relative_to(ROOT)}: {command}: {problem}" for path in DOCS
             for command in commands(path.read_text(encoding="utf-8"))
             if not any(sign in command for sign in "<[") and (problem := problem_of(command, app))]  # fmt: skip
    assert wrong == []


@pytest.mark.parametrize("command", [
    "make nothing", "sudo make set-up", ".venv/bin/flask --app app load-dem", "flask --app app load-demo --langage fi",
    ".venv/bin/python run.py wev", "install deploy/systemd/kortisto-wev.service",
])  # fmt: skip
def test_commands_that_do_not_exist_are_found(app: Flask, command: str) -> None:
    assert problem_of(command, app)


def test_both_languages_have_every_setting_of_the_server() -> None:
    for folder in (ROOT / "docs", ROOT / "docs" / "fi"):
        texts = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.md"))
        assert VARIABLES - set(re.findall(r"KORTISTO_[A-Z_]+[A-Z]", texts)) == set(), folder


# What the server is run by


def test_units_start_what_there_is_and_set_what_is_known(app: Flask) -> None:
    units = {unit.stem: unit for unit in (ROOT / "deploy" / "systemd").glob("*.service")}
    backup = units.pop("kortisto-backup").read_text(encoding="utf-8")
    assert problem_of(re.findall(r"exec (.*)'", backup)[0], app) == ""
    assert set(units) == {"kortisto", *(f"kortisto-{part}" for part in PARTS)}
    for unit in units.values():
        parsed = ConfigParser(interpolation=None, strict=True)
        parsed.optionxform = str  # type: ignore[assignment, method-assign]
        parsed.read(unit)
        started = parsed["Service"]["ExecStart"].split()
        assert started[:2] == ["/opt/kortisto/.venv/bin/python", "run.py"]
        assert set(started[2:]) == set(unit.stem.split("-")[1:]) <= set(PARTS)
    for file in ("systemd/kortisto.env", "Dockerfile", "compose.yaml", "nginx.conf"):
        named = re.findall(r"KORTISTO_[A-Z_]+", (ROOT / "deploy" / file).read_text(encoding="utf-8"))
        assert set(named) <= VARIABLES, file


def test_containers_start_the_parts_and_leave_out_data_and_secrets() -> None:
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert {tuple(services[name]["command"]) for name in ("web", "worker")} == {(part,) for part in PARTS}
    assert {".git", "data", ".venv"} <= set((ROOT / ".dockerignore").read_text().split())


# Pictures


def test_pages_show_pictures_that_are_taken_and_nothing_else_is_kept() -> None:
    for folder in FOLDERS.values():
        kept = {path.stem for path in folder.iterdir()}
        assert kept == {picture.name for picture in PICTURES}
        texts = "".join(path.read_text(encoding="utf-8") for path in folder.parent.glob("*.md"))
        assert kept - set(re.findall(r"\(images/([\w-]+)\.png\)", texts)) == set()


@pytest.mark.slow
def test_every_picture_can_be_taken_anew(app: Flask, browser: Browser, live_server: str, tmp_path: Path) -> None:
    load_organisation(system_access(), companies=60, people=60, activities=300, opportunities=60, password=PASSWORD)
    name_support()
    for picture in PICTURES:
        take(browser, live_server, picture, "fi", tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == {picture.name for picture in PICTURES}

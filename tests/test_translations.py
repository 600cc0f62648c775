"""The Finnish catalogue holds every text of code, templates and Flask-AppBuilder's screens, whole and compilable."""

import ast
import importlib.util
import re
from collections.abc import Iterator
from gettext import GNUTranslations
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError
from flask import Flask
from flask_babel import Babel, force_locale, gettext, ngettext

ROOT = Path(__file__).resolve().parent.parent
PO = ROOT / "translations" / "fi" / "LC_MESSAGES" / "messages.po"
#: A value's place in a text: %(name)s, or {name} where a script fills it.
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w+\}|%[sd]")


def load_collector() -> ModuleType:
    """`.ci/messages.py`, which `make messages` runs; its folder is no package."""
    spec = importlib.util.spec_from_file_location("collect_messages", ROOT / ".ci" / "messages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


collector = load_collector()


def entries(catalogue: Catalog) -> Iterator[Message]:
    """The texts of a catalogue without its header."""
    return (message for message in catalogue if message.id)


def translated(catalogue: Catalog) -> Iterator[Message]:
    """Those of them that have a translation; a test of their own finds the others."""
    return (message for message in entries(catalogue) if not untranslated(message))


def key(message: Message) -> tuple[str | None, str]:
    """What gettext looks a text up by."""
    return message.context, message.id if isinstance(message.id, str) else message.id[0]


def forms(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """A text as its forms: one, or one for each number."""
    return (text,) if isinstance(text, str) else tuple(text)


def untranslated(message: Message) -> bool:
    return message.fuzzy or not message.string or not all(text.strip() for text in forms(message.string))


def placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


def differing(message: Message) -> list[str]:
    """Translated forms whose placeholders are those of no English form; the plural's are the plural's alone."""
    texts = forms(message.string)
    allowed = [placeholders(text) for text in forms(message.id)]
    singular, plural = texts[:-1], texts[-1:]
    wrong = [text for text in singular if placeholders(text) not in allowed]
    return wrong + [text for text in plural if placeholders(text) != allowed[-1]]


@pytest.fixture(scope="module")
def extracted() -> Catalog:
    """Every text that there is now."""
    return collector.collect()


@pytest.fixture(scope="module")
def finnish() -> Catalog:
    return collector.read_catalogue(PO)


@pytest.fixture
def compiled(finnish, tmp_path):
    """The catalogue compiled into a folder of translations of its own."""
    target = tmp_path / "fi" / "LC_MESSAGES" / "messages.mo"
    target.parent.mkdir(parents=True)
    with target.open("wb") as file:
        write_mo(file, finnish)
    return target


def test_extraction_finds_texts_of_code_templates_and_appbuilder(extracted):
    found = {message.id: {path.split("/")[0] for path, _line in message.locations} for message in entries(extracted)}
    assert "models" in found["Business ID"]
    assert "templates" in found["Add a condition"]
    assert found["Access is Denied"] == {"flask_appbuilder"}


def gettext_calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Calls that ask for a text in the reader's language."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in collector.KEYWORDS:
            yield node


def hidden_texts(source: str) -> list[int]:
    """Lines whose texts the extraction can't see: written as an f-string, or asked for inside one."""
    tree = ast.parse(source)
    inside = {call for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for call in gettext_calls(node)}
    return sorted(
        call.lineno
        for call in gettext_calls(tree)
        if call in inside or any(isinstance(argument, ast.JoinedStr | ast.BinOp) for argument in call.args[:1])
    )


@pytest.mark.parametrize("folder", ["app", "views", "services", "models", "fab_mongo"])
def test_texts_stand_where_extraction_sees_them(folder):
    found = {path: hidden_texts(path.read_text()) for path in sorted((ROOT / folder).rglob("*.py"))}
    assert found
    assert {str(path): lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize("hidden", ["f\"{_('Batch')}: {batch}\"", "_(f'{name} was saved.')", "_('No ' + kind)"])
def test_texts_that_extraction_does_not_see_are_found(hidden):
    assert hidden_texts(hidden) == [1]
    assert hidden_texts("_('%(name)s was saved.', name=f'{first} {last}')") == []


def test_finnish_catalogue_has_exactly_the_texts_there_are(extracted, finnish):
    wanted, there = {key(message) for message in entries(extracted)}, {key(message) for message in entries(finnish)}
    assert sorted(wanted - there, key=str) == [], "run `make messages` and translate these"
    assert sorted(there - wanted, key=str) == [], "run `make messages`: these are gone"
    assert not finnish.obsolete


def test_finnish_catalogue_every_text_is_translated(finnish):
    assert [key(message) for message in entries(finnish) if untranslated(message)] == []


def test_finnish_catalogue_keeps_placeholders(finnish):
    assert {key(message): differing(message) for message in translated(finnish) if differing(message)} == {}


def test_finnish_catalogue_passes_babels_checks(finnish):
    assert [(key(message), errors) for message, errors in finnish.check()] == []


def test_finnish_catalogue_keeps_the_marks_at_a_sentences_end(finnish):
    marks = {".": ".?", ":": ":", "…": "…"}
    wrong = [
        (text, finnish_text)
        for message in translated(finnish)
        for text, finnish_text in zip(forms(message.id), forms(message.string), strict=True)
        if text[-1] in marks and finnish_text[-1] not in marks[text[-1]]
    ]
    assert wrong == []


def test_finnish_catalogue_speaks_finnish(compiled):
    app = Flask("translated")
    Babel(app, default_translation_directories=str(compiled.parents[2]))
    with app.test_request_context(), force_locale("fi"):
        assert gettext("Company") == "Yritys"
        assert gettext("%(name)s was saved.", name="Åkerlund Oy") == "Åkerlund Oy tallennettiin."
        assert [ngettext("%(num)s letter is ready.", "%(num)s letters are ready.", count) for count in (1, 2)] == [
            "1 kirje on valmis.",
            "2 kirjettä on valmiina.",
        ]


def test_finnish_catalogue_compiled_has_every_text(compiled, finnish):
    with compiled.open("rb") as file:
        translations = GNUTranslations(file)
    for message in translated(finnish):
        text = forms(message.id)[0]
        if message.context:
            found = translations.pgettext(message.context, text)
        else:
            found = translations.ngettext(*message.id, 1) if message.pluralizable else translations.gettext(text)
        assert found == forms(message.string)[0]


def test_make_messages_keeps_translations_and_drops_what_is_gone(tmp_path):
    path = tmp_path / "fi" / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    path.write_text('msgid ""\nmsgstr "Language: fi\\n"\n\nmsgid "Kept"\nmsgstr "Jäi"\n\nmsgid "Gone"\nmsgstr "Pois"\n')
    template = Catalog()
    for text in ("Kept", "Keep", "A new one"):
        template.add(text, locations=[("views/a.py", None)])
    collector.update(path, template)
    written = path.read_text()
    texts = {message.id: message.string for message in entries(collector.read_catalogue(path))}
    assert texts == {"A new one": "", "Keep": "", "Kept": "Jäi"}
    assert "fuzzy" not in written
    assert "Gone" not in written
    collector.update(path, template)
    assert path.read_text() == written


def test_make_messages_on_a_broken_catalogue_says_so(tmp_path):
    path = tmp_path / "fi" / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    path.write_text('<<<<<<< ours\nmsgid "Broken"\nmsgstr "Rikki"\n')
    with pytest.raises(PoFileError):
        collector.read_catalogue(path)


@pytest.mark.parametrize(
    ("text", "finnish_text", "wrong"),
    [
        ("%(name)s was saved.", "%(nimi)s tallennettiin.", ["%(nimi)s tallennettiin."]),
        ("{count} selected", "valittu", ["valittu"]),
        (("One letter", "%(num)s letters"), ("Yksi kirje", "%(num)s kirjettä"), []),
        (("One letter", "%(num)s letters"), ("%(n)s kirje", "kirjeitä"), ["%(n)s kirje", "kirjeitä"]),
        ("%(a)s of %(b)s", "%(b)s: %(a)s", []),
    ],
)
def test_placeholders_that_differ_are_found(text, finnish_text, wrong):
    assert differing(Message(text, finnish_text)) == wrong


@pytest.mark.parametrize(("string", "flags"), [("", ()), (" ", ()), (("Yksi", ""), ()), ("Ehkä", ("fuzzy",))])
def test_untranslated_texts_are_found(string, flags):
    text = ("One", "Many") if isinstance(string, tuple) else "One"
    assert untranslated(Message(text, string, flags=flags))

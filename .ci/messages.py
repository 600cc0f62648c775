"""Collect the texts of code and templates into every catalogue under translations/.

Run by `make messages`. New texts come in empty, to be translated; texts that are gone go out. Nothing else of a
catalogue changes: it is sorted, and has neither line numbers nor the time of the run. Flask-AppBuilder's own texts
that our screens inherit are collected too, because it has no Finnish.
"""

from collections.abc import Iterator
from pathlib import Path

import flask_appbuilder
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = ROOT / "translations"
KEYWORDS = {**DEFAULT_KEYWORDS, "_l": None, "lazy_gettext": None, "lazy_ngettext": (1, 2),
            "lazy_pgettext": ((1, "c"), 2)}
APPBUILDER = Path(flask_appbuilder.__file__).parent
#: The modules of Flask-AppBuilder that our screens stand on; its pages are all replaced by ours.
APPBUILDER_MODULES = [
    (name, "python")
    for name in (
        "const.py",
        "fields.py",
        "fieldwidgets.py",
        "baseviews.py",
        "upload.py",
        "validators.py",
        "security/forms.py",
        "security/manager.py",
        "security/views.py",
    )
]

Found = tuple[str, str | tuple[str, ...], str | None]


def own_texts() -> Iterator[Found]:
    """File, text (with its plural) and context of every text of ours, as babel.cfg maps files to ways of reading."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    for path, _line, text, _comments, context in extract_from_dir(ROOT, methods, options, KEYWORDS):
        yield path, text, context


def appbuilder_texts() -> Iterator[Found]:
    """The same of the Flask-AppBuilder that is installed."""
    for path, _line, text, _comments, context in extract_from_dir(APPBUILDER, APPBUILDER_MODULES, keywords=KEYWORDS):
        yield f"{APPBUILDER.name}/{path}", text, context


def collect() -> Catalog:
    """A catalogue without translations of every text that a user may see."""
    catalogue = Catalog(charset="utf-8")
    for texts in (own_texts(), appbuilder_texts()):
        for path, text, context in texts:
            catalogue.add(text, locations=[(path, None)], context=context)
    return catalogue


def read_catalogue(path: Path) -> Catalog:
    """The catalogue in the file `path`, whose folder's parent is named by the language. Raises PoFileError."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name, abort_invalid=True)


def update(path: Path, template: Catalog) -> None:
    """Bring the file `path` to the texts of `template`."""
    catalogue = read_catalogue(path)
    catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
    with path.open("wb") as file:
        write_po(file, catalogue, width=120, sort_output=True, ignore_obsolete=True, include_lineno=False)


def main() -> None:
    template = collect()
    for path in sorted(CATALOGUES.glob("*/LC_MESSAGES/messages.po")):
        update(path, template)


if __name__ == "__main__":
    main()

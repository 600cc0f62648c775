"""How an imported file is read, as a page shows and corrects it."""

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from services.imports.looking import CSV, VCARDS
from services.imports.options import DATES, DECIMALS, ENCODINGS, SEPARATORS

Raw = dict[str, Any]
SEPARATOR_LABELS = {",": _l("Comma"), ";": _l("Semicolon"), "\t": _l("Tab"), "|": _l("Vertical bar")}
ENCODING_LABELS = {
    "utf-8": "UTF-8", "utf-16": "UTF-16", "utf-16-le": "UTF-16 LE", "utf-16-be": "UTF-16 BE",
    "cp1252": _l("Windows (Western)"), "iso-8859-1": "ISO 8859-1",
    "iso-8859-15": "ISO 8859-15", "cp850": _l("DOS (Western)"),
}  # fmt: skip
DECIMAL_LABELS = {",": _l("Comma: 1 234,5"), ".": _l("Point: 1,234.5")}
DATE_LABELS = {"dmy": _l("Day, month, year"), "mdy": _l("Month, day, year"), "ymd": _l("Year, month, day")}


def selects(raw: Raw) -> list[tuple[str, Any, list[tuple[str, Any]]]]:
    """(option, label, its choices) of each option that the file's format has."""
    # What no cell tells is left open: then the reader's language says it.
    if raw["format"] == VCARDS:
        return []
    by_language = ("", _("As in my language"))
    asked: list[tuple[str, Any, list[tuple[str, Any]]]] = [
        ("decimal", _("Decimal mark"), [by_language, *((key, DECIMAL_LABELS[key]) for key in DECIMALS)]),
        ("dates", _("Order in dates"), [by_language, *((key, DATE_LABELS[key]) for key in DATES)]),
    ]
    if raw["format"] == CSV:
        return [("separator", _("Between the columns"), [(key, SEPARATOR_LABELS[key]) for key in SEPARATORS]),
                ("encoding", _("Encoding"), [(key, ENCODING_LABELS[key]) for key in ENCODINGS]), *asked]  # fmt: skip
    sheets = raw.get("sheets") or []
    return [("sheet", _("Sheet"), [*([] if len(sheets) == 1 else [("", _("The first one with anything in it"))]),
                                   *((name, name) for name in sheets)]), *asked]  # fmt: skip


def shown_options(raw: Raw, problem: str) -> Raw:
    """The options as the page shows them; `told` are those found, in few words."""
    options = raw["options"]
    shown = [{"name": name, "label": label, "choices": choices, "current": options.get(name) or ""}
             for name, label, choices in selects(raw)]  # fmt: skip
    told = [str(dict(one["choices"])[one["current"]]) for one in shown if one["current"] in dict(one["choices"])
            and one["current"]]  # fmt: skip
    row = options.get("header_row") or 1
    return {"selects": shown, "header_row": row, "problem": problem,
            "told": [_("Names on row %(row)s", row=row), *told]}  # fmt: skip


def options_of_form(raw: Raw) -> Raw:
    """What the form says of the file, beside what it does not say anything of."""
    said = {name: request.form[name] for name, _label, choices in selects(raw)
            if request.form.get(name) in dict(choices)}  # fmt: skip
    row = request.form.get("header_row", "").strip()
    number = int(row) if row.isascii() and row.isdigit() and len(row) < 8 else 0
    if said.get("sheet", "") != (raw["options"].get("sheet") or "") and number == raw["options"].get("header_row"):
        # The table of another sheet begins elsewhere.
        number = 0
    return {**raw["options"], **said, "header_row": number or None}

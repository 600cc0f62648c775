"""The second step of an import: how its file is read, what each column becomes, how a row is known."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.fields.errors import ValidationFailed
from models.fields.field import label_in
from models.fields.schema import schema_of
from services.imports.drafts import check_draft, set_columns, set_options
from services.imports.errors import ImportProblem
from services.imports.matching import BY_CONTENT, BY_NAME
from services.records import VersionConflict
from views.base import current_access, current_language
from views.forms import version_seen
from views.import_choices import ColumnOptions, chosen_value, columns_of_form, key_options
from views.import_options import options_of_form, shown_options
from views.import_steps import CHECK, COLUMNS, OPEN, ImportScreens

Raw = dict[str, Any]
Errors = Mapping[str, Sequence[str]]
#: What happens to a row whose record is here already: key, label, what that means.
EXISTING = (
    ("add", _l("Add it all the same"), _l("Every row becomes a new record.")),
    ("skip", _l("Leave the record as it is"), _l("Such a row is not imported.")),
    ("fill", _l("Fill what is empty"), _l("Only fields that are empty get the row’s values.")),
    ("overwrite", _l("Overwrite"), _l("The row’s values take the place of the record’s; empty cells change nothing.")),
)
#: What happens to a row with a cell that its field can't hold.
FAULTY = (
    ("leave_out", _l("Leave the row out"), _l("It is listed afterwards, to be mended and brought in again.")),
    ("keep", _l("Import the row"), _l("Such a value is kept as text in a field beside its own.")),
)
#: What a form chooses besides the columns: its name and the ways there are.
WAYS = (("on_existing", EXISTING), ("on_faulty", FAULTY))


class ImportColumns(ImportScreens):
    """The page of the columns."""

    @expose("/<register>/<pk>/columns", methods=["GET", "POST"])
    @has_access
    def columns(self, register: str, pk: str) -> Any:
        """What each column becomes; posted, that is saved and all rows are checked by it (or, `only_save`, later)."""
        raw = self.draft(register, pk)
        if raw["state"] not in OPEN:
            return self.to_step(raw)
        if request.method == "GET":
            return self.columns_page(raw)
        chosen = self.with_choices(raw)
        try:
            set_columns(current_access(), pk, chosen["columns"], match=chosen["match"],
                        on_existing=chosen["on_existing"], on_faulty=chosen["on_faulty"],
                        version=version_seen())  # fmt: skip
            if "only_save" in request.form:
                flash(_("The import of %(name)s was saved. It waits among your imports.", name=raw["name"]), "success")
                return redirect(f"{request.script_root}{self.route_base}/")
            check_draft(current_access(), pk)
        except ValidationFailed as error:
            return self.columns_page(chosen, error.messages(), 422)
        except VersionConflict as conflict:
            return self.columns_page({**chosen, "version": conflict.current["version"]}, {"": [str(conflict)]}, 409)
        except ImportProblem as problem:
            return self.columns_page(chosen, {"": [str(problem)]}, 422)
        return self.to_step(raw, CHECK)

    def with_choices(self, raw: Raw) -> Raw:
        """The draft with what the form chose, which is not saved by that."""
        access = current_access()
        offered = ColumnOptions(access, schema_of(raw["register"]))
        columns = columns_of_form(raw["columns"], request.form, offered, current_language())
        keys = [column for column, _label in key_options(offered.schema, current_language())]
        chosen = {name: request.form[name] for name, ways in WAYS
                  if request.form.get(name) in [key for key, *_rest in ways]}  # fmt: skip
        return {**raw, "columns": columns, "match": [key for key in request.form.getlist("match") if key in keys],
                **chosen}  # fmt: skip

    @expose("/<register>/<pk>/options", methods=["POST"])
    @has_access
    @permission_name("columns")
    def options(self, register: str, pk: str) -> Any:
        """Read the file in another way; its columns are guessed anew."""
        raw = self.draft(register, pk)
        wanted = options_of_form(raw)
        try:
            set_options(current_access(), pk, wanted)
        except ValidationFailed as error:
            return self.columns_page({**raw, "options": wanted}, {"options": [error.in_one()]}, 422)
        except ImportProblem as problem:
            return self.columns_page({**raw, "options": wanted}, {"options": [str(problem)]}, 422)
        flash(_("The file was read again."), "success")
        return self.to_step(raw, COLUMNS)

    def columns_page(self, raw: Raw, errors: Errors | None = None, status: int = 200) -> Any:
        access, errors = current_access(), errors or {}
        offered = ColumnOptions(access, schema_of(raw["register"]))
        columns = [self.shown_column(column, offered, errors) for column in raw["columns"]]
        beside = ("match", "on_existing", "on_faulty")
        named = {str(column["place"]) for column in raw["columns"]} | {*beside, "options"}
        return self.import_page(
            "imports/columns.html", raw, COLUMNS, status, columns=columns, existing=EXISTING, faulty_ways=FAULTY,
            match=raw["match"], on_existing=raw["on_existing"], on_faulty=raw["on_faulty"],
            keys=key_options(offered.schema, current_language()),
            options=shown_options(raw, " ".join(errors.get("options", ()))),
            problems={**{name: errors.get(name, ()) for name in beside},
                      "whole": [text for name, texts in errors.items() if name not in named for text in texts]},
        )  # fmt: skip

    def shown_column(self, column: Raw, offered: ColumnOptions, errors: Errors) -> Raw:
        choice = column["choice"]
        value = chosen_value(choice)
        label = label_in((choice.get("define") or {}).get("label"), current_language())
        return {
            "place": column["place"], "header": column["header"], "samples": column["samples"], "selected": value,
            "options": offered.html(value), "name": label or column["header"],
            "why": told_guess(column.get("why") or ""),
            "problems": errors.get(str(column["place"]), ()), "add_choices": column.get("add_choices"),
            "create_missing": column.get("create_missing"), "separator": column.get("separator") or "",
        }  # fmt: skip


def told_guess(why: str) -> str:
    """What a page says of a guess: nothing of one that anybody sees, by the name."""
    told = {str(BY_NAME): "", str(BY_CONTENT): _("Guessed by what it holds")}
    return told.get(why, why)

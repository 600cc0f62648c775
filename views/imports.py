"""Bringing in a list: which register, which file, and the imports of late."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from models.registers import REGISTERS, Register, register_of
from models.rights import NotAllowed
from services.imports.drafts import drop_draft, recent_drafts, start_draft
from services.imports.errors import ImportProblem
from views.base import current_access
from views.import_checks import ImportChecks
from views.import_columns import ImportColumns
from views.import_results import ImportResults
from views.import_sizes import most_sent, told_of_size, where_larger_ones_go
from views.import_steps import COLUMNS, STATES, address, importable
from views.uploads import told_if_too_large

Raw = dict[str, Any]
#: What the browser offers to choose from; what a file is, is seen from its content.
ACCEPT = ".csv,.tsv,.txt,.xlsx,.ods,.vcf,.vcard,text/csv,text/vcard"


class ImportView(ImportColumns, ImportChecks, ImportResults):
    """`/import/`: the registers that a list may go into and one's own imports; then step by step."""

    default_view = "list"

    @expose("/")
    @has_access
    def list(self) -> str:
        """Where a list may go, and the imports of late."""
        imports = [shown_import(raw) for raw in recent_drafts(current_access()) if raw["register"] in REGISTERS]
        return self.render_template("imports/list.html", title=_("Import"), cards=importable(current_access()),
                                    imports=imports)  # fmt: skip

    @expose("/<register>/", methods=["GET", "POST"])
    @has_access
    @told_if_too_large(told_of_size)
    def file(self, register: str) -> Any:
        """The file; posted, it is read, and its columns come next."""
        card = importable_card(register)
        if request.method == "GET":
            return self.file_page(card)
        sent = request.files.get("file")
        if sent is None or not sent.filename:
            return self.file_page(card, _("Choose a file.")), 422
        try:
            made = start_draft(current_access(), card.key, sent.stream, sent.filename)
        except ImportProblem as problem:
            return self.file_page(card, str(problem)), 422
        return redirect(address({"register": card.key, "_id": made}, COLUMNS))

    def file_page(self, card: Register, problem: str = "") -> str:
        return self.render_template("imports/file.html", title=_("Import"), card=card, problem=problem,
                                    most=most_sent(), larger=where_larger_ones_go(), accept=ACCEPT,
                                    formats=_("CSV, XLSX, ODS or vCard."))  # fmt: skip

    @expose("/<register>/<pk>/")
    @has_access
    def show(self, register: str, pk: str) -> Response:
        """The step at which the import is."""
        return self.to_step(self.draft(register, pk))

    @expose("/<register>/<pk>/file")
    @has_access
    def another_file(self, register: str, pk: str) -> Response:
        """Another file begins anew; the draft stays among the imports of late."""
        return redirect(url_for(f"{self.endpoint}.file", register=self.draft(register, pk)["register"]))

    @expose("/<register>/<pk>/drop", methods=["POST"])
    @has_access
    def drop(self, register: str, pk: str) -> Response:
        """Throw away an import of which nothing has been written, its file with it."""
        raw = self.draft(register, pk)
        try:
            drop_draft(current_access(), pk)
        except ImportProblem as problem:
            flash(str(problem), "warning")
            return self.to_step(raw)
        flash(_("The import of %(name)s was thrown away. Nothing of it had been written.", name=raw["name"]), "success")
        return redirect(url_for(f"{self.endpoint}.list"))


def importable_card(register: str) -> Register:
    """The register's card. Raises UnknownRegister, NotAllowed."""
    card = register_of(register)
    if card not in importable(current_access()):
        raise NotAllowed(_("You may not bring a list in here. Ask an administrator for the right to add records."))
    return card


def shown_import(raw: Raw) -> Raw:
    label, colour = STATES[raw["state"]]
    return {"name": raw["name"], "url": address(raw, ""), "register": register_of(raw["register"]).label,
            "label": str(label), "colour": colour, "created_at": raw["created_at"]}  # fmt: skip

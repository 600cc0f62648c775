"""Records that may be the same: told of while one is typed, and found in a whole register."""

from typing import Any

from flask import redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _

from models.fields.schema import Schema
from models.matching import matching_fields
from services.duplicates import last_search, pairs_found, similar_records, start_search
from services.labels import context_for
from services.search import TooSlow
from views.base import current_access, current_language
from views.bulk_edit import BulkEditScreens
from views.fields import cell

Raw = dict[str, Any]


class DuplicateScreens(BulkEditScreens):
    """A register's screens about records that may be the same."""

    @expose("/similar", methods=["GET"])
    @has_access
    @permission_name("list")
    def similar(self) -> Any:
        """The records most like what the address holds of a new one, as a part of its form; `but` is left out."""
        typed = {name: value[:500] for name, value in request.args.items() if value.strip()}
        try:
            found = similar_records(current_access(), self.card.key, typed, but=request.args.get("but", ""))
        except TooSlow:
            # A hint that takes too long is none.
            found = []
        told = [(one.raw, percent(one.score), [field.label_in(current_language()) for field in one.reasons])
                for one in found]  # fmt: skip
        return self.render_template("duplicates/similar.html", card=self.card, found=told)

    @expose("/duplicates", methods=["GET", "POST"])
    @has_access
    @permission_name("list")
    def duplicates(self) -> Any:
        """The pairs that the last search found; posted, a search begins."""
        access = current_access()
        if request.method == "POST":
            return redirect(url_for("JobView.show", pk=start_search(access, self.card.key)))
        job = last_search(access, self.card.key)
        pairs = pairs_found(access, job) if job else []
        fields = matching_fields(self.datamodel.schema)
        context = context_for(access, fields, [raw for first, second, *_rest in pairs for raw in (first, second)])
        shown = [
            (percent(score), columns, [[cell(field, raw, context) for field in fields] for raw in (first, second)],
             [str(raw["_id"]) for raw in (first, second)])
            for first, second, score, columns in pairs
        ]  # fmt: skip
        return self.render_template(
            "duplicates/list.html", title=_("Duplicates"), card=self.card, job=job, pairs=shown, fields=fields,
            language=current_language(), name_field=self.card.name_field,
        )  # fmt: skip


def percent(score: float) -> int:
    """A score in hundredths; only what is beyond doubt is a hundred."""
    return min(99, round(score * 100))


def similar_columns(schema: Schema) -> str:
    """The fields that a form watches, as its page has them."""
    return " ".join(field.column for field in matching_fields(schema) if not field.read_only)


"""Records that may be the same: told of while one is typed, and found in a whole register."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from markupsafe import Markup, escape

from models.fields.errors import ValidationFailed
from models.fields.schema import Schema
from models.matching import matching_fields
from models.rights import NotAllowed
from services.duplicates import last_search, pairs_found, similar_records, start_search
from services.history import UndoFailed
from services.joining import count_links, join_records, pair_of, part_records, rows_of
from services.labels import context_for
from services.records import RecordNotFound, VersionConflict
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
            may_join=access.may(self.card.key, "change") and access.may(self.card.key, "delete"),
        )  # fmt: skip


    @expose("/join", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def join(self) -> Any:
        """Two records side by side: `keep` stays, `other` goes into it. Posted with two rows ticked, it leads here."""
        if "rowid" in request.form:
            ids = list(dict.fromkeys(request.form.getlist("rowid")))
            if len(ids) != 2 or request.form.get("all_matching") == "1":
                flash(_("Tick exactly two rows to merge them."), "warning")
                return redirect(self.list_address())
            return redirect(url_for(f"{self.endpoint}.join", keep=ids[0], other=ids[1]))
        access, keep, other = current_access(), request.values.get("keep", ""), request.values.get("other", "")
        try:
            if request.method == "GET":
                return self.join_page(*pair_of(access, self.card.key, keep, other))
            taken = {name.removeprefix("take_"): how for name, how in request.form.items() if name.startswith("take_")}
            seen = number_of("keep_version"), number_of("other_version")
            outcome = join_records(access, self.card.key, keep, other, taken, seen)
        except ValidationFailed as error:
            flash(error.in_one(), "danger")
            return redirect(f"{request.script_root}{self.card.path}/show/{keep}")
        except (NotAllowed, VersionConflict) as error:
            flash(str(error), "warning")
            return redirect(url_for(f"{self.endpoint}.join", keep=keep, other=other)
                            if isinstance(error, VersionConflict) else f"{self.card.path}/?view=all")  # fmt: skip
        if outcome.job_id is not None:
            return redirect(url_for("JobView.show", pk=outcome.job_id))
        undo = Markup(
            ' <button type="submit" class="lnk" form="k-post" formaction="{}" name="batch" value="{}">{}</button>'
        ).format(f"{request.script_root}{self.card.path}/part", outcome.batch, _("Undo"))
        flash(escape(_("The two are one record now.")) + undo, "success")
        return redirect(f"{request.script_root}{self.card.path}/show/{outcome.record['_id']}")

    def join_page(self, mine: Raw, theirs: Raw) -> Any:
        access = current_access()
        rows = rows_of(access, self.card.key, mine, theirs)
        context = context_for(access, [row.field for row in rows], [mine, theirs])
        shown = [(row, *(cell(row.field, raw, context) for raw in (mine, theirs))) for row in rows]
        return self.render_template(
            "duplicates/join.html", title=_("Merge two records"), card=self.card, mine=mine, theirs=theirs, rows=shown,
            links=count_links(self.card.key, theirs["_id"]), back=f"{self.card.path}/show/{mine['_id']}",
        )  # fmt: skip

    @expose("/part", methods=["POST"])
    @has_access
    @permission_name("edit")
    def part(self) -> Any:
        """Take a merge back, by its `batch`."""
        try:
            raw = part_records(current_access(), self.card.key, request.form.get("batch", ""))
        except RecordNotFound:
            flash(_("There is no such change of yours to take back."), "warning")
            return redirect(f"{request.script_root}{self.card.path}/?view=all")
        except (NotAllowed, UndoFailed, ValidationFailed, VersionConflict) as error:
            flash(error.in_one() if isinstance(error, ValidationFailed) else str(error), "warning")
            return redirect(f"{request.script_root}{self.card.path}/?view=all")
        flash(_("The two are as they were."), "success")
        return redirect(f"{request.script_root}{self.card.path}/show/{raw['_id']}")


def number_of(name: str) -> int:
    """A version that the form sent; -1 for anything else, which is nobody's version."""
    text = request.form.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def percent(score: float) -> int:
    """A score in hundredths; only what is beyond doubt is a hundred."""
    return min(99, round(score * 100))


def similar_columns(schema: Schema) -> str:
    """The fields that a form watches, as its page has them."""
    return " ".join(field.column for field in matching_fields(schema) if not field.read_only)


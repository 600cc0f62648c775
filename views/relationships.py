"""Relationships on a record's page: the block that shows them, and the forms that begin, change and end them."""

from typing import Any

from bson import ObjectId
from flask import flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from models.fields.errors import ValidationFailed
from models.registers import REGISTERS, all_registers, register_of
from models.relationships import BUILT_IN, SUBJECT, all_kinds, other_side
from models.rights import SETTINGS, Access, NotAllowed
from services.followed_links import today
from services.labels import names_of
from services.records import VersionConflict, get_record
from services.relationship_kinds import add_kind, retire_kind
from services.relationships import (
    Seen,
    Told,
    change_relationship,
    day_of,
    ended_by,
    get_relationship,
    kind_and_side,
    kinds_of,
    relate,
    relationships_of,
    remove_relationship,
)
from views.base import current_access, current_language
from views.duplicates import DuplicateScreens, number_of

Raw = dict[str, Any]


class RelationshipScreens(DuplicateScreens):
    """A register's screens about the relationships of its records."""

    @expose("/relationships/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def relationships(self, pk: str) -> Any:
        """The relationships of a record, as a part of its page."""
        access = current_access()
        raw = get_record(access, self.card.key, pk)
        language = current_language()
        seen = relationships_of(access, self.card.key, raw["_id"])
        kinds = [(kind, side, kind.label_from(side, language)) for kind, side in kinds_of(access, self.card.key)]
        return self.render_template(
            "relationships/block.html", card=self.card, raw=raw, language=language, paths=paths(), kinds=kinds,
            current=[one for one in seen if one.current], ended=[one for one in seen if not one.current],
            may_change=access.allows(self.card.key, "change", raw), drop_kinds=drop_kinds(access, self.card.key),
        )  # fmt: skip

    @expose("/relate/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def relate(self, pk: str) -> Any:
        """Begin a relationship of the kind and side that the address names; `other` may be chosen already."""
        access, key, side = current_access(), request.args.get("kind", ""), request.args.get("side", "")
        kind = kind_and_side(access, self.card.key, key, side)
        raw = get_record(access, self.card.key, pk, "change")
        target, chosen = kind.register_of(other_side(side)), request.values.get("other", "")
        names = names_of(access, target, [ids] if (ids := id_of(chosen)) else [])
        current = ended_by(access, kind, side, raw["_id"], next(iter(names), None))
        errors: dict[str, list[str]] = {}
        # Who was chosen on the page itself may have others: what ends is asked before anything is written.
        unasked = bool(current) and side != SUBJECT and request.form.get("offered", "") != chosen
        if request.method == "POST" and unasked:
            errors = {"other": [_("There is another one already: tick below what ends, and save again.")]}
        elif request.method == "POST":
            try:
                relate(access, self.card.key, pk, key, side, chosen, told(), request.form.getlist("ends"))
                flash(_("The relationship was added."), "success")
                return redirect(self.page_of(raw))
            except ValidationFailed as error:
                errors = error.messages()
            except (NotAllowed, VersionConflict) as error:
                errors = {"": [str(error)]}
        return self.render_template(
            "relationships/form.html", title=kind.label_from(side, current_language()), card=self.card, raw=raw,
            seen=None, errors=errors, values=request.form, target=register_of(target), back=self.page_of(raw),
            chosen=[(str(one), name) for one, name in names.items()], here=self.here(raw), current=current,
            language=current_language(), ticked=unasked or not errors, offered=chosen if current else "",
        ), 422 if errors else 200  # fmt: skip

    @expose("/relationship/<pk>/<relationship>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def relationship(self, pk: str, relationship: str) -> Any:
        """Change one relationship: its title and its days."""
        access = current_access()
        raw, seen = get_relationship(access, self.card.key, pk, relationship)
        errors: dict[str, list[str]] = {}
        if request.method == "POST":
            try:
                change_relationship(access, self.card.key, pk, relationship, told(), number_of("version"))
                flash(_("The relationship was saved."), "success")
                return redirect(self.page_of(raw))
            except ValidationFailed as error:
                errors = error.messages()
            except (NotAllowed, VersionConflict) as error:
                errors = {"": [str(error)]}
                raw, seen = get_relationship(access, self.card.key, pk, relationship)
        days = {name: day_of(seen.raw.get(name)) for name in ("since", "until")}
        values = request.form if errors else {"title": seen.raw.get("title") or "", **days}
        return self.render_template(
            "relationships/form.html", title=label_of(seen), card=self.card, raw=raw, seen=seen, errors=errors,
            values=values, target=register_of(seen.register), back=self.page_of(raw), chosen=(), current=(),
            here=self.here(raw), language=current_language(),
        ), 422 if errors else 200  # fmt: skip

    @expose("/relationship_end/<pk>/<relationship>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def relationship_end(self, pk: str, relationship: str) -> Response:
        """End a relationship today, or with `remove` take it away as one that never was."""
        access = current_access()
        raw, seen = get_relationship(access, self.card.key, pk, relationship)
        try:
            if "remove" in request.form:
                remove_relationship(access, self.card.key, pk, relationship)
                flash(_("The relationship was removed."), "success")
            else:
                change_relationship(access, self.card.key, pk, relationship, Told(
                    seen.raw.get("title") or "", day_of(seen.raw.get("since")), day_of(today())))  # fmt: skip
                flash(_("The relationship has ended."), "success")
        except (ValidationFailed, NotAllowed, VersionConflict) as error:
            flash(error.in_one() if isinstance(error, ValidationFailed) else str(error), "warning")
        return redirect(self.page_of(raw))

    def page_of(self, raw: Raw) -> str:
        return f"{request.script_root}{self.card.path}/show/{raw['_id']}"

    def here(self, raw: Raw) -> str:
        return str(raw.get("name") or _("(no name)"))


def told() -> Told:
    form = request.form
    return Told(form.get("title", ""), form.get("since", ""), form.get("until", ""))


def label_of(seen: Seen) -> str:
    return seen.kind.label_from(seen.side, current_language())


def id_of(text: str) -> Any:
    return ObjectId(text) if ObjectId.is_valid(text) else None


def drop_kinds(access: Access, register: str) -> dict[str, str]:
    """Path of a register -> the address's query for what a record dropped from there is to one of this register: of
    several kinds the first, which the form's page tells."""
    found: dict[str, str] = {}
    for kind, side in kinds_of(access, register):
        found.setdefault(paths()[kind.register_of(other_side(side))], f"kind={kind.key}&side={side}")
    return found


def paths() -> dict[str, str]:
    return {card.key: f"{request.script_root}{card.path}" for card in all_registers()}


class RelationshipKindView(BaseView):
    """Settings: the kinds of relationship, the program's and the organisation's own."""

    route_base = "/settings/relationships"
    class_permission_name = SETTINGS
    default_view = "kinds"

    @expose("/", methods=["GET", "POST"])
    @has_access
    def kinds(self) -> Any:
        """The kinds; posted, a new one."""
        errors: dict[str, list[str]] = {}
        form = request.form
        if request.method == "POST":
            try:
                add_kind(current_access(), form.get("subject", ""), form.get("object", ""),
                         {"en": form.get("label_en", ""), "fi": form.get("label_fi", "")},
                         {"en": form.get("reverse_en", ""), "fi": form.get("reverse_fi", "")})  # fmt: skip
                flash(_("The kind was added."), "success")
                return redirect(url_for("RelationshipKindView.kinds"))
            except ValidationFailed as error:
                errors = error.messages()
        return self.render_template(
            "relationships/kinds.html", title=_("Relationships"), kinds=list(all_kinds().values()), errors=errors,
            cards=list(all_registers()), card_of=REGISTERS, language=current_language(), values=form,
            built_in=BUILT_IN, texts=TEXTS,
        ), 422 if errors else 200  # fmt: skip

    @expose("/retire/<key>", methods=["POST"])
    @has_access
    def retire(self, key: str) -> Response:
        """Offer a kind no more, or with `again` once more."""
        retire_kind(current_access(), key, retired="again" not in request.form)
        return redirect(url_for("RelationshipKindView.kinds"))


#: The names of a new kind: (field, label, example).
TEXTS = (
    ("label_en", _l("In English, from the first"), _l("Advises")),
    ("label_fi", _l("In Finnish, from the first"), "Neuvoo"),
    ("reverse_en", _l("In English, from the second"), _l("Is advised by")),
    ("reverse_fi", _l("In Finnish, from the second"), "Neuvoja"),
)  # fmt: skip

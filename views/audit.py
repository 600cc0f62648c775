"""Settings: the audit, for administrators: what is kept of logins, rights, settings and exports. There is nothing to
change here."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from bson import ObjectId
from flask import Response, flash, redirect, request, send_file, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import format_datetime
from flask_babel import gettext as _

from models.audit import What
from models.registers import REGISTERS
from models.security import Group, Role, Team, User
from services.audit.reading import Asked, NoPlace, find_entries, write_workbook
from services.reports.workbook import CONTENT_TYPE
from views.audit_texts import KINDS, LABELS, TARGETS, VALUES
from views.base import current_access
from views.permissions import ADMINISTRATION
from views.sessions import browser_of

Raw = dict[str, Any]
LONGEST_TOLD = 400


@dataclass(frozen=True)
class Shown:
    """One entry in words."""

    number: int
    at: str
    what: str
    who: str
    target: str
    details: list[str]
    address: str
    agent: str


class AuditView(BaseView):
    """The audit, newest first."""

    route_base = "/settings/audit"
    default_view = "list"
    class_permission_name = ADMINISTRATION

    @expose("/")
    @has_access
    def list(self) -> Any:
        """One page; `what`, `user`, `first` and `last` narrow it."""
        asked, errors = asked_for(request.args)
        try:
            rows, after = find_entries(current_access(), asked, request.args.get("after", ""))
        except NoPlace as gone:
            flash(str(gone), "warning")
            return redirect(url_for(f"{self.endpoint}.list"))
        names = names_of_rights()
        chosen = {name: request.args.get(name, "") for name in ("what", "user", "first", "last")}
        return self.render_template(
            "settings/audit.html", title=_("Audit"), rows=[shown(raw, names) for raw in rows], after=after,
            kinds=KINDS, users=users(), chosen=chosen, errors=errors, narrowed=any(chosen.values()),
            workbook=url_for(f"{self.endpoint}.workbook", what=chosen["what"] or None, user=chosen["user"] or None,
                             first=chosen["first"] or None, last=chosen["last"] or None),
        ), 422 if errors else 200  # fmt: skip

    @expose("/workbook", methods=["GET"])
    @has_access
    @permission_name("list")
    def workbook(self) -> Response:
        """The newest entries that match, as an Excel workbook."""
        asked, _errors = asked_for(request.args)
        names, out = names_of_rights(), BytesIO()
        head = [_("Number"), _("When"), _("What"), _("Who"), _("Address"), _("About"), _("Details"), _("Browser")]
        write_workbook(current_access(), asked, out, head, lambda raw: cells(shown(raw, names)), _("Audit"))
        out.seek(0)
        response = send_file(out, CONTENT_TYPE, as_attachment=True, download_name="audit.xlsx")
        response.headers["Cache-Control"] = "private, no-store"
        return response


def asked_for(args: Mapping[str, str]) -> tuple[Asked, dict[str, str]]:
    """What the address asks for, and what is wrong with it by name."""
    errors: dict[str, str] = {}
    days: dict[str, dt.date | None] = {}
    for name in ("first", "last"):
        try:
            days[name] = dt.date.fromisoformat(args[name]) if args.get(name) else None
        except ValueError:
            days[name], errors[name] = None, _("Give a day as 2026-01-31.")
    what, user = args.get("what", ""), args.get("user", "")
    return Asked(What(what) if what in KINDS else None, user if ObjectId.is_valid(user) else "", **days), errors


def users() -> list[tuple[str, str]]:
    """(id, name) of everybody, those who may not sign in any more too."""
    found = User._get_collection().find({}, {"first_name": 1, "last_name": 1, "username": 1})
    return sorted(((str(raw["_id"]), f"{raw['first_name']} {raw['last_name']} ({raw['username']})") for raw in found),
                  key=lambda pair: pair[1].casefold())  # fmt: skip


# In words


def names_of_rights() -> dict[Any, str]:
    """What roles, groups and teams are called whose ids stand in the entries."""
    return {raw["_id"]: raw["name"] for document in (Role, Group, Team)
            for raw in document._get_collection().find({}, {"name": 1})}  # fmt: skip


def shown(raw: Raw, names: Mapping[Any, str]) -> Shown:
    """An entry (raw) as the page tells it, however little of it is as the program wrote it."""
    agent, what = str(raw.get("agent") or ""), str(raw.get("what"))
    return Shown(
        raw["_id"], moment(raw.get("at")), str(KINDS.get(what, what)), str(raw.get("who") or ""),
        target_told(raw.get("target")), told(raw.get("details"), names), str(raw.get("address") or ""),
        browser_of(agent) if agent else "",
    )  # fmt: skip


def cells(entry: Shown) -> list[Any]:
    return [entry.number, entry.at, entry.what, entry.who, entry.address, entry.target, "; ".join(entry.details),
            entry.agent]  # fmt: skip


def moment(value: Any) -> str:
    return format_datetime(value, "medium") if isinstance(value, dt.datetime) else str(value)


def target_told(target: Any) -> str:
    if not isinstance(target, Mapping) or not target.get("register"):
        return ""
    register, name = str(target["register"]), str(target.get("name") or "")
    card = REGISTERS.get(register)
    kind = str(card.label if card else TARGETS.get(register, register))
    if register == "user":
        return name
    if register == "organisation":
        name = str(LABELS.get(name, name))
    return f"{kind}: {name}" if name else kind


def told(details: Any, names: Mapping[Any, str]) -> list[str]:
    """The details, a line each."""
    if not isinstance(details, Mapping):
        return []
    lines = []
    for key, value in details.items():
        if key == "changes" and isinstance(value, Mapping):
            lines += [f"{label(column)}: {change(pair, names)}" for column, pair in value.items()]
        elif value not in (None, "", [], {}):
            lines.append(f"{label(key)}: {plain(value, names)}")
    return lines


def label(key: str) -> str:
    return str(LABELS.get(key, key))


def change(pair: Any, names: Mapping[Any, str]) -> str:
    if not isinstance(pair, list) or len(pair) != 2:
        return plain(pair, names)
    return " → ".join(plain(side, names) for side in pair)


def plain(value: Any, names: Mapping[Any, str]) -> str:
    """A value in short."""
    if value in (None, "", [], {}):
        return _("nothing")
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, Mapping):
        text = ", ".join(f"{label(str(key))} {plain(item, names)}" for key, item in value.items())
    elif isinstance(value, list):
        text = ", ".join(plain(item, names) for item in value)
    elif isinstance(value, dt.datetime):
        text = moment(value)
    elif isinstance(value, str):
        text = str(VALUES.get(value, value))
    else:
        text = names.get(value, str(value)) if isinstance(value, ObjectId) else str(value)
    return text if len(text) <= LONGEST_TOLD else text[:LONGEST_TOLD] + "…"

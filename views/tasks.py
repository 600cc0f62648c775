"""Tasks: the list of what is to be done, and the quick ways of working on it."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from markupsafe import Markup, escape

from models.activities import DAY, PRIORITIES
from models.fields.errors import ValidationFailed
from models.fields.schema import schema_of
from models.rights import Access, NotAllowed, Scope
from services.history import UndoFailed, undo_change
from services.labels import find_teams, find_users, names_of
from services.records import VersionConflict, delete_record
from services.repeating import REGISTER
from services.tasks import (
    ALL,
    DONE_LATELY,
    GROUPS,
    MINE,
    TEAM,
    WHOSE,
    Asked,
    Group,
    add_task,
    colleagues,
    count_anew,
    finish_task,
    follow_up,
    follows_by_itself,
    hand_over,
    postpone_task,
    reopen_task,
    task_groups,
    task_page,
    today_of,
)
from views.base import current_access, current_language
from views.recycle_bin import undo_button
from views.task_rows import TaskRow, task_rows

Raw = dict[str, Any]
PATH = "/tasks/"
#: Whence a task is worked on, and where one without scripts is led back to.
BACK = re.compile(r"/tasks/(\?[\w=&.%+-]*)?|/[a-z_]+/show/[0-9a-f]{24}|/(tray/\w+)?", re.ASCII)
WEEK = 7
Change = Callable[[Access, str, int | None], Raw]


class TaskView(BaseView):
    """What is to be done, in groups by when it is due. Its rights are those of activities.

    What is posted with `part` is answered by a part of the page, which says what was done (assets/js/tasks.js);
    else one is led back to the page, which says so.
    """

    route_base = PATH.rstrip("/")
    default_view = "list"
    class_permission_name = REGISTER

    @expose("/")
    @has_access
    def list(self) -> Any:
        """`whose` is "mine", "team" or "all", `priority` narrows; `due` is one group alone, page by page."""
        return self.page()

    def page(self, typed: Mapping[str, str] | None = None, errors: str = "") -> Any:
        access = current_access()
        asked = asked_for(access)
        count_anew(access)
        due, after = request.args.get("due", ""), request.args.get("after", "")
        one = due in GROUPS or due == DONE_LATELY
        found = [task_page(access, asked, due, after=after)] if one else task_groups(access, asked)
        if errors:
            flash(errors, "danger")
        return self.render_template(
            "tasks/list.html", title=_("Tasks"), groups=shown_groups(access, found), asked=asked, after=after,
            due=due if one else "", whose=whose_for(access), priorities=[(one.key, one.label) for one in PRIORITIES],
            may_add=access.may(REGISTER, "add"), may_change=access.may(REGISTER, "change"),
            may_delete=access.may(REGISTER, "delete"), typed=typed or {"due_on": day_text(access, 0)},
            me=me(access, typed), colleagues=colleagues(access), teams=find_teams(""), done_lately=DONE_LATELY,
            language=current_language(), labels=GROUPS,
        ), 422 if errors else 200  # fmt: skip

    @expose("/add", methods=["POST"])
    @has_access
    def add(self) -> Any:
        """A task in one line: subject, day, whose."""
        typed = {name: request.form.get(name, "") for name in ("name", "due_on", "owner")}
        values = {name: value for name, value in typed.items() if name != "owner" or value}
        try:
            raw = add_task(current_access(), values)
        except (ValidationFailed, NotAllowed) as error:
            return self.refused(error) if in_part() else self.page(typed, message_of(error))
        return self.said(told_of(_("%(name)s was added."), raw))

    @expose("/done/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def done(self, pk: str) -> Any:
        """Done; the answer asks what comes next, unless the task repeats."""
        return self.work(pk, finish_task, _("%(name)s is done."), ask_next=True)

    @expose("/reopen/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def reopen(self, pk: str) -> Any:
        """To be done after all."""
        return self.work(pk, reopen_task, _("%(name)s is to be done again."))

    @expose("/postpone/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def postpone(self, pk: str) -> Any:
        """`to` tomorrow or next week."""
        to = request.args.get("to", "")

        def change(access: Access, task: str, version: int | None) -> Raw:
            return postpone_task(access, task, version, to)

        return self.work(pk, change, _("%(name)s was postponed."))

    @expose("/assign/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def assign(self, pk: str) -> Any:
        """To the colleague `user`, or else to the `team`."""
        user, team = request.form.get("user", ""), request.form.get("team", "")

        def change(access: Access, task: str, version: int | None) -> Raw:
            return hand_over(access, task, version, user=user, team=team)

        return self.work(pk, change, _("%(name)s was handed over."))

    @expose("/delete/<pk>", methods=["POST"])
    @has_access
    def delete(self, pk: str) -> Any:
        """Into the recycle bin."""
        try:
            raw = delete_record(current_access(), REGISTER, pk, version=version_arg())
        except (VersionConflict, NotAllowed) as error:
            return self.refused(error)
        told = escape(_("%(name)s was moved to the recycle bin.", name=raw.get("name") or ""))
        return self.said(told + undo_button(rowid=str(raw["_id"])))

    @expose("/follow_up/<pk>", methods=["POST"])
    @has_access
    @permission_name("add")
    def follow_up(self, pk: str) -> Any:
        """The task that follows the one that is done."""
        values = {name: request.form.get(name, "") for name in ("name", "due_on", "owner") if request.form.get(name)}
        try:
            raw = follow_up(current_access(), pk, values)
        except (ValidationFailed, NotAllowed) as error:
            return self.refused(error)
        return self.said(told_of(_("%(name)s was added."), raw))

    @expose("/undo/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def undo(self, pk: str) -> Any:
        """Take the change `version` of a task back."""
        try:
            raw = undo_change(current_access(), REGISTER, pk, request.args.get("version", ""))
        except (UndoFailed, VersionConflict, NotAllowed, ValidationFailed) as error:
            return self.refused(error)
        return self.said(told_of(_("%(name)s is as it was."), raw))

    # Answers

    def work(self, pk: str, change: Change, words: str, *, ask_next: bool = False) -> Any:
        """Do something to a task as its page showed it, and say so with a button that takes it back."""
        access = current_access()
        try:
            raw = change(access, pk, version_arg())
        except (VersionConflict, NotAllowed, ValidationFailed) as error:
            return self.refused(error)
        repeated = follows_by_itself(raw["_id"]) if raw.get("repeated") else None
        told = told_of(words, raw)
        if repeated is not None:
            told += Markup(" ") + _("The next one is due %(day)s.", day=due_text(access, repeated))
        asks = ask_next and repeated is None and access.may(REGISTER, "add")
        return self.said(told + undo_of(raw), raw if asks else None)

    def said(self, told: Any, done: Raw | None = None) -> Any:
        if not in_part():
            flash(told, "success")
            return redirect(back_address())
        access = current_access()
        return self.render_template("tasks/said.html", told=told, kind="success", done=done, me=me(access, None),
                                    day=day_text(access, WEEK))  # fmt: skip

    def refused(self, error: Exception) -> Any:
        status = 409 if isinstance(error, VersionConflict) else 403 if isinstance(error, NotAllowed) else 422
        if not in_part():
            flash(message_of(error), "warning")
            return redirect(back_address())
        return self.render_template("tasks/said.html", told=message_of(error), kind="danger", done=None), status


def in_part() -> bool:
    return "part" in request.form


def back_address() -> str:
    back = request.args.get("back", "")
    return request.script_root + (back if BACK.fullmatch(back) else PATH)


def message_of(error: Exception) -> str:
    return error.in_one() if isinstance(error, ValidationFailed) else str(error)


def version_arg() -> int | None:
    """The version that the page showed; -1, which no record has, for one that can't be read."""
    text = request.args.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def told_of(words: str, raw: Raw) -> Markup:
    """A translated text with the activity's name, as a link, in place of %(name)s."""
    return Markup(escape(words)) % {"name": linked_name(raw)}


def linked_name(raw: Raw) -> Markup:
    path = schema_of(REGISTER).register.path
    return Markup('<a href="{}{}/show/{}">{}</a>').format(request.script_root, path, raw["_id"], raw.get("name") or "")


def undo_of(raw: Raw) -> Markup:
    address = f"{request.script_root}{PATH}undo/{raw['_id']}?version={raw['version']}&back={back_address()}"
    return Markup(' <button type="submit" class="lnk" form="k-post" formaction="{}" data-task-act>{}</button>').format(
        address, _("Undo"))  # fmt: skip


def due_text(access: Access, raw: Raw) -> str:
    return task_rows(access, [raw])[0].when


def day_text(access: Access, days: int) -> str:
    return (today_of(access) + days * DAY).date().isoformat()


def me(access: Access, typed: Mapping[str, str] | None) -> tuple[str, str]:
    """(id, name) of whom a new task is for: whom was chosen, else oneself."""
    chosen = (typed or {}).get("owner", "")
    names = names_of(access, "user", [access.user_id] if access.user_id else [])
    own = next(iter(names.items()), ("", ""))
    found = next(((str(key), name) for key, name in find_users("") if str(key) == chosen), None)
    return found or (str(own[0]), own[1])


def asked_for(access: Access) -> Asked:
    """What the address asks for; what its user can't have is their own."""
    whose, priority = request.args.get("whose", MINE), request.args.get("priority", "")
    return Asked(whose if whose in whose_for(access) else MINE,
                 priority if priority in [choice.key for choice in PRIORITIES] else "")  # fmt: skip


def whose_for(access: Access) -> Mapping[str, Any]:
    """Whose tasks the user may look at."""
    left_out = set() if access.team_id else {TEAM}
    left_out |= {ALL} if access.scope(REGISTER, "see") is Scope.OWN and not access.leads else set()
    return {key: label for key, label in WHOSE.items() if key not in left_out}


def shown_groups(access: Access, groups: Sequence[Group]) -> list[tuple[Group, Sequence[TaskRow]]]:
    rows = iter(task_rows(access, [raw for group in groups for raw in group.rows]))
    return [(group, [next(rows) for _raw in group.rows]) for group in groups]





def undo_add(access: Access, raw: Raw) -> Markup:
    """A button that takes away again what was just added, for who may delete it."""
    if not access.allows(REGISTER, "delete", raw):
        return Markup()
    address = f"{request.script_root}{PATH}delete/{raw['_id']}?version={raw['version']}"
    return Markup(' <button type="submit" class="lnk" form="k-post" formaction="{}" data-task-act>{}</button>').format(
        address, _("Undo"))  # fmt: skip

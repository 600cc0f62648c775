"""Notices: the bell's count on every page, the list, and what is fresh for a page that is open."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask import Response, flash, jsonify, redirect, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as AnyResponse

from services.notices import (
    MAX_PAGE,
    PAGE,
    count_unread,
    fresh_notices,
    list_notices,
    read_all_notices,
    read_notice,
    text_of,
)
from services.records import now
from views.base import current_access, current_user
from views.links import number_arg
from views.permissions import OWN

NOTICES = "/notices/"
#: More unread ones are shown as "99+".
MOST_SHOWN = 99
#: What is written in a transaction is seen a moment after the time that it bears.
OVERLAP = dt.timedelta(seconds=10)
#: Kind of notice -> its symbol.
SYMBOLS = {"reminder": "clock", "no_mail_server": "alert-triangle"}


class NoticeView(BaseView):
    """One's own notices."""

    route_base = NOTICES.rstrip("/")
    default_view = "list"
    class_permission_name = OWN

    @expose("/")
    @has_access
    def list(self) -> Any:
        """The newest first."""
        page = number_arg("page", 0, MAX_PAGE)
        rows, more = list_notices(current_access(), page)
        return self.render_template("notices/list.html", title=_("Notices"), rows=[shown(raw) for raw in rows],
                                    page=page, page_size=PAGE, more=more)  # fmt: skip

    @expose("/open/<pk>")
    @has_access
    @permission_name("list")
    def open(self, pk: str) -> AnyResponse:
        """Read a notice and go to what it tells of. Raises RecordNotFound."""
        raw = read_notice(current_access(), pk)
        return redirect(raw.get("url") or NOTICES)

    @expose("/read/<pk>", methods=["POST"])
    @has_access
    @permission_name("list")
    def read(self, pk: str) -> AnyResponse:
        """Mark one as read. Raises RecordNotFound."""
        read_notice(current_access(), pk)
        return redirect(NOTICES)

    @expose("/read", methods=["POST"])
    @has_access
    @permission_name("list")
    def read_all(self) -> AnyResponse:
        """Mark all as read."""
        count = read_all_notices(current_access())
        flash(ngettext("%(num)s notice is marked as read.", "%(num)s notices are marked as read.", count), "success")
        return redirect(NOTICES)

    @expose("/fresh")
    @has_access
    @permission_name("list")
    def fresh(self) -> Response:
        """The count of unread ones and those that came after the moment `since`, for the script of an open page."""
        access, moment = current_access(), now()
        found = [shown(raw) for raw in reversed(fresh_notices(access, since_arg(moment)))]
        count = count_unread(access)
        news = [{name: one[name] for name in ("id", "text", "url")} for one in found]
        answer = jsonify(count=count, label=bell_label(count), since=(moment - OVERLAP).isoformat(), notices=news)
        answer.headers["Cache-Control"] = "no-store"
        return answer


def since_arg(moment: dt.datetime) -> dt.datetime:
    """The moment `since` of the address; this one for none that can be read."""
    try:
        given = dt.datetime.fromisoformat(request.args.get("since", "").replace(" ", "+"))
    except ValueError:
        return moment
    return given if given.tzinfo else moment


def shown(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A notice (raw) as pages and scripts show it."""
    return {"id": str(raw["_id"]), "text": text_of(raw) or _("A notice of another version"), "at": raw["at"],
            "unread": raw.get("read_at") is None, "symbol": SYMBOLS.get(raw["kind"], "bell"),
            "url": f"{NOTICES}open/{raw['_id']}"}  # fmt: skip


def bell() -> dict[str, Any]:
    """What the top bar shows of the user's notices; the user has been read already, and nothing is asked for it."""
    user = current_user()
    count = max(user.unread or 0, 0) if user is not None else 0
    return {"count": count, "label": bell_label(count), "since": now().isoformat(), "most": MOST_SHOWN}


def bell_label(count: int) -> str:
    """What the bell is called for who does not see it."""
    return ngettext("Notices: %(num)s unread", "Notices: %(num)s unread", count) if count else _("Notices")

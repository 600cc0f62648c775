"""The editor of a rule of repeating, and what a rule is in words."""

from babel import Locale
from flask import Response, jsonify, render_template, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from markupsafe import Markup

from models.fields.context import Context
from models.fields.errors import FieldError
from models.fields.kinds.clock import ORDINALS, checked_rule, rule_text
from models.fields.rules import LONGEST_RULE, MOST_COUNT, MOST_INTERVAL, WEEKDAYS
from views.base import current_language
from views.permissions import OWN

#: A weekday that comes five times is the last one as well: the editor need not offer it twice.
OFFERED = ("1", "2", "3", "4", "-1")


class RecurrenceView(BaseView):
    """`/recurrence/words?rule=FREQ=DAILY` answers {"text": "Every day"} or {"error": what is wrong with it}."""

    route_base = "/recurrence"
    class_permission_name = OWN

    @expose("/words")
    @has_access
    def words(self) -> Response:
        try:
            rule = checked_rule(request.args.get("rule", "")[: LONGEST_RULE + 1])
        except FieldError as error:
            return jsonify(error=str(error.message))
        return jsonify(text=rule_text(rule, Context(language=current_language()).locale))


def rule_label(rule: str, locale: str) -> str:
    """A rule in words; what was sent and is none, as it is."""
    try:
        return rule_text(checked_rule(rule), locale)
    except FieldError:
        return rule


def recurrence_editor(field_id: str, label: str) -> Markup:
    """The controls under a select of rules, hidden until the script shows them."""
    days = Locale.parse(Context(language=current_language()).locale).days
    weekdays = [(code, days["stand-alone"]["short"][place], days["stand-alone"]["wide"][place])
                for place, code in enumerate(WEEKDAYS)]  # fmt: skip
    # As rules are said in words: "toisena tiistaina".
    on_weekdays = [(code, days["format"]["wide"][place]) for place, code in enumerate(WEEKDAYS)]
    return Markup(render_template(
        "registers/recurrence.html", id=field_id, label=label, weekdays=weekdays, on_weekdays=on_weekdays,
        most_interval=MOST_INTERVAL, most_count=MOST_COUNT, ordinals=[(number, ORDINALS[number]) for number in OFFERED],
    ))

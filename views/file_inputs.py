"""How files look in a form: those that there are, and a place to add some; assets/js/files.js sends them."""

from typing import Any

from flask import current_app, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from wtforms.widgets import html_params


class FilesInput:
    """The files of a value, each with a button that takes it away, and a field that uploads more."""

    def __call__(self, field: Any, **attributes: Any) -> Markup:
        attributes = {"type": "file", "id": field.id, "multiple": True, **attributes, "class": "k-fileinput"}
        place = {"data-files": field.name, "data-upload-url": url_for("FileView.upload"),
                 "data-most": current_app.config["MAX_CONTENT_LENGTH"]}  # fmt: skip
        return Markup(
            '<div class="k-files" {}><input type="hidden" name="{}" value=""><ul>{}</ul>'
            '<div class="add"><input {}><label class="btn" for="{}">{}</label> <span class="mute">{}</span></div></div>'
        ).format(
            Markup(html_params(**place)), field.name, Markup().join(self.item(field, raw) for raw in field.files),
            Markup(html_params(**attributes)), field.id, _("Add files"), _("or drop them here"),
        )  # fmt: skip

    def item(self, field: Any, raw: dict[str, Any]) -> Markup:
        remove = _("Remove %(name)s", name="\x00").replace("\x00", raw["name"])
        return Markup(
            '<li><input type="hidden" name="{}" value="{}"><a href="{}">{}</a> '
            '<button type="button" class="k-ic" data-remove-file aria-label="{}" title="{}">×</button></li>'
        ).format(field.name, raw["_id"], f"/files/{raw['_id']}", raw["name"], remove, remove)

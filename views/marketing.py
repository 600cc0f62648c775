"""What a record's page says of marketing: by which channels it may go there, and why."""

from typing import Any

from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name

from fab_mongo import MongoModelView
from services.consent import allowed_channels
from services.records import get_record
from views.base import current_access
from views.interface import RegisterInterface


class MarketingScreens(MongoModelView):
    """A screen of the registers whose records say what they want."""

    datamodel: RegisterInterface

    @expose("/marketing/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def marketing(self, pk: str) -> Any:
        """The line as a part of the record's page, which fetches it by itself. Raises RecordNotFound."""
        access, register = current_access(), self.datamodel.register.key
        raw = get_record(access, register, pk)
        return self.render_template("registers/marketing.html", channels=allowed_channels(access, register, raw))

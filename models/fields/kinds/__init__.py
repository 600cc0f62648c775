"""Every kind of field there is, by name. Adding a kind is adding one class here."""

from models.fields.kinds.base import Kind
from models.fields.kinds.choices import Boolean, Choice, Choices
from models.fields.kinds.clock import Recurrence, Time
from models.fields.kinds.conditions import Conditions
from models.fields.kinds.consent import Consent
from models.fields.kinds.documents import FileSize, FileText, FileVersions
from models.fields.kinds.formatted import RichText
from models.fields.kinds.lines import ProductLines
from models.fields.kinds.mail import MailHtml
from models.fields.kinds.numbers import Money, Number
from models.fields.kinds.references import Files, Link, Links, Team, User, Users
from models.fields.kinds.texts import BusinessId, Email, LongText, Phone, Text, Url
from models.fields.kinds.times import Date, DateTime

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        MailHtml(),
        Text(), LongText(), RichText(), Number(), Money(), Date(), DateTime(), Boolean(), Choice(), Choices(), Email(),
        Phone(), Url(), User(), Users(), Link(), Links(), Team(), Files(), BusinessId(), Time(), Recurrence(),
        ProductLines(), Consent(), Conditions(), FileVersions(), FileSize(), FileText(),
    )
}  # fmt: skip

#: The kinds an administrator may give a field of the organisation's own.
OFFERED_KINDS: dict[str, Kind] = {name: kind for name, kind in KINDS.items() if kind.offered}

__all__ = ["KINDS", "OFFERED_KINDS", "Kind"]

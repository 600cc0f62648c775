"""The person register (V7)."""

from typing import Any

from flask_babel import lazy_gettext as _l

from models.base import Record
from models.consent import MarketingConsent
from models.fields.fixed import fixed
from models.registers import Register, add_register


class Person(MarketingConsent, Record):
    """A person, usually linked to companies, but may stand alone; a name of any form is enough."""

    register_key = "person"
    made_of = {"name": ("first_name", "last_name")}

    first_name = fixed("text", _l("First name"), max_length=100)
    last_name = fixed("text", _l("Last name"), max_length=100)
    name = fixed(
        "text", _l("Name"), required=True, max_length=200, in_list=True,
        help=_l("Left empty, it is made of the first and last name."),
    )  # fmt: skip
    title = fixed("text", _l("Title"), max_length=100, in_list=True, in_head=True)
    companies = fixed("links", _l("Companies"), target="company", in_list=True, in_head=True)
    phone = fixed("phone", _l("Phone"), in_list=True)
    email = fixed("email", _l("E-mail"), in_list=True)

    meta = {"collection": "person"}

    @classmethod
    def complete(cls, values: dict[str, Any]) -> dict[str, Any]:
        if not values.get("name"):
            parts = filter(None, (values.get("first_name"), values.get("last_name")))
            return {**values, "name": " ".join(parts)}
        return values


PEOPLE = add_register(
    Register(
        key="person",
        document=Person,
        label=_l("People"),
        singular=_l("Person"),
        add_label=_l("Add person"),
        path="/people",
        icon="users",
        sends=True,
        duplicate_keys=("email", "name"),
        # Many people have the same name.
        name_weight=0.5,
        label_fields=("name", "title", "companies"),
    )
)

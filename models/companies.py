"""The company register (V5)."""

from flask_babel import lazy_gettext as _l

from models.base import Record
from models.consent import MarketingConsent
from models.fields.field import Choice
from models.fields.fixed import fixed
from models.registers import Register, add_register

STATUSES = (
    Choice("prospect", _l("Prospect"), "blue"),
    Choice("customer", _l("Customer"), "green"),
    Choice("former", _l("Former customer"), "grey"),
    Choice("other", _l("Other"), "violet"),
)


class Company(MarketingConsent, Record):
    """A company; only the name is mandatory."""

    register_key = "company"

    name = fixed("text", _l("Name"), required=True, max_length=200, in_list=True)
    business_id = fixed("business_id", _l("Business ID"), in_list=True, in_head=True)
    street = fixed("text", _l("Street address"))
    postal_code = fixed("text", _l("Postal code"), max_length=20)
    city = fixed("text", _l("City"), max_length=100, in_list=True, in_head=True)
    country = fixed("text", _l("Country"), max_length=100)
    phone = fixed("phone", _l("Phone"), in_list=True)
    fax = fixed("phone", _l("Fax"))
    email = fixed("email", _l("E-mail"))
    website = fixed("url", _l("Website"))
    status = fixed("choice", _l("Status"), section="classification", choices=STATUSES, extensible=True, in_list=True,
                   in_head=True)  # fmt: skip

    meta = {"collection": "company"}


COMPANIES = add_register(
    Register(
        key="company",
        document=Company,
        label=_l("Companies"),
        singular=_l("Company"),
        add_label=_l("Add company"),
        path="/companies",
        icon="building",
        sends=True,
        duplicate_keys=("business_id", "name"),
        label_fields=("name", "city"),
    )
)

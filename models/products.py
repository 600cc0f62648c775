"""The product register: what is sold, with its prices and categories (V16)."""

from flask_babel import lazy_gettext as _l

from models.base import Record
from models.fields.field import Choice
from models.fields.fixed import fixed
from models.registers import Register, add_register

ON_SALE, WITHDRAWN = "on_sale", "withdrawn"
STATES = (Choice(ON_SALE, _l("On sale"), "green"), Choice(WITHDRAWN, _l("Withdrawn"), "grey"))
CATEGORIES = (
    Choice("goods", _l("Goods"), "blue"),
    Choice("services", _l("Services"), "green"),
    Choice("subscriptions", _l("Subscriptions"), "violet"),
    Choice("other", _l("Other"), "grey"),
)


class Product(Record):
    """Something that is sold; only the name is mandatory."""

    register_key = "product"

    name = fixed("text", _l("Name"), required=True, max_length=200, in_list=True)
    code = fixed("text", _l("Product code"), max_length=50, in_list=True, in_head=True)
    category = fixed("choice", _l("Category"), choices=CATEGORIES, extensible=True, in_list=True, in_head=True)
    price = fixed("money", _l("Price"), in_list=True, in_head=True)
    unit = fixed("text", _l("Unit"), max_length=20, help=_l("What the price is for: piece, hour, month."), in_list=True)
    state = fixed("choice", _l("State"), choices=STATES, default=ON_SALE, in_list=True)
    description = fixed("long_text", _l("Description"))

    meta = {"collection": "product"}


PRODUCTS = add_register(
    Register(
        key="product",
        document=Product,
        label=_l("Products"),
        singular=_l("Product"),
        add_label=_l("Add product"),
        path="/products",
        icon="package",
        duplicate_keys=("code", "name"),
        label_fields=("name", "code"),
    )
)

"""What other currencies are worth in the organisation's own, from a day on."""

from typing import Any, ClassVar

import mongoengine as me


class ExchangeRate(me.Document):
    """One unit of `currency` is worth `rate` units of the organisation's currency from `day` (midnight UTC) on, until
    the currency's next rate."""

    currency = me.StringField(required=True, max_length=3)
    day = me.DateTimeField(required=True)
    rate = me.DynamicField(required=True)
    version = me.IntField(default=1)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "exchange_rate",
        "auto_create_index": False,
        "indexes": [{"fields": ["currency", "-day"], "unique": True}],
    }

"""Factories, one for each register: values as a person would type them, saved through the services."""

from typing import Any

import factory

from models.rights import system_access
from services.records import create_record


class RecordFactory(factory.Factory):
    """Builds the values of a record; `create` saves them and returns the raw document."""

    class Meta:
        abstract = True
        model = dict

    register = ""

    @classmethod
    def _create(cls, model_class: type, *args: Any, **values: Any) -> dict[str, Any]:
        return create_record(values.pop("access", None) or system_access(), values.pop("register"), values)


class CompanyFactory(RecordFactory):
    """A company with a name alone; traits fill more."""

    class Meta:
        model = dict

    register = "company"
    name = factory.Sequence(lambda number: f"Yritys {number:04} Oy")

    class Params:
        customer = factory.Trait(status="customer", city="Tampere", phone="03 1234567", email="info@yritys.fi")


class PersonFactory(RecordFactory):
    """A person standing alone; `companies` links."""

    class Meta:
        model = dict

    register = "person"
    first_name = "Matti"
    last_name = factory.Sequence(lambda number: f"Malli{number:04}")

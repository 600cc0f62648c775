"""A demo organisation in Finnish business life, drawn from a seed: the same seed gives the same organisation.

    loaded = load_organisation(system_access(), companies=2_000, people=5_000, password="…")

Nobody in it exists: its business IDs are beyond those given to companies, its mail addresses end in the reserved
`.example`, its phone numbers are such as no operator gives.
"""

from services.demo.companies import company
from services.demo.drawing import Ref
from services.demo.loading import SEED, Loaded, RecordsExist, Writer, load_organisation
from services.demo.people import person
from services.demo.staff import STAFF, Employee

__all__ = [
    "SEED", "STAFF", "Employee", "Loaded", "RecordsExist", "Ref", "Writer", "company", "load_organisation", "person",
]  # fmt: skip

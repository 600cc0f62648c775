"""What is kept: documents, their QuerySets and rules, one file a domain."""

# A register exists once its module is imported; whoever imports any model finds them all, in this order.
# isort: off
from models import companies, people, segments, campaigns, products, opportunities, activities, mailings, documents
# isort: on

__all__ = [
    "activities", "campaigns", "companies", "documents", "mailings", "opportunities", "people", "products", "segments",
]  # fmt: skip

"""What is kept: documents, their QuerySets and rules, one file a domain."""

# A register exists once its module is imported; whoever imports any model finds them all.
from models import companies, people

__all__ = ["companies", "people"]

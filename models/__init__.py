"""What is kept: documents, their QuerySets and rules, one file a domain."""

from importlib import import_module

#: A register exists once its module is imported; whoever imports any model finds them all, in this order.
DOMAINS = ("companies", "people", "products", "opportunities", "activities")

for domain in DOMAINS:
    import_module(f"models.{domain}")

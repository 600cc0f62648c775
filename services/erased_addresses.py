"""Addresses of people who were erased: nobody writes to them again, and nobody can read them."""

from services.audit import keyed_hash

#: No address begins so.
MARK = "#"


def hidden_address(address: str) -> str:
    """What is kept of an address: the same one gives the same, and without the server's key it tells nothing."""
    return MARK + keyed_hash(f"erased:{address}")

"""Whether marketing may still go to its recipient, asked at the moment when it is sent."""

from collections.abc import Callable, Mapping
from typing import Any

Refusal = Callable[[Mapping[str, Any]], str]
#: Why nobody gets marketing where nothing knows of their consent.
UNKNOWN = "no_rule"
#: What tells of a message (raw) why it may not go, "" when it may.
REFUSALS: list[Refusal] = []


def refuses_marketing(refusal: Refusal) -> Refusal:
    """Mark the function that is asked of each marketing message, once it is claimed and before it is sent."""
    REFUSALS.append(refusal)
    return refusal


def refusal_of(raw: Mapping[str, Any]) -> str:
    """Why a message may not be sent; "" when it may. Without anybody to ask, marketing goes to nobody."""
    if not raw.get("marketing"):
        return ""
    return next(filter(None, (refusal(raw) for refusal in REFUSALS)), "") if REFUSALS else UNKNOWN

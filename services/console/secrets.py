"""What the console never shows: values by what they are called, and collections that hold nothing else."""

import re
from collections.abc import Mapping
from typing import Any

from models.outbox import PURPOSES

MASK = "•••"
#: A part of a path that is called so names a secret, wherever it stands.
SECRET_NAME = re.compile(
    r"passw|pwd|secret|token|hash|salt|one_?time|api_?key|private_?key|credential|cookie|csrf|session|authenticator|recovery"
    r"|(^|_)(otp|pin|code)$(?<!postal_code)(?<!country_code)(?<!language_code)(?<!currency_code)",
    re.IGNORECASE,
)
#: What an outgoing message says.
MESSAGE_CONTENT = ("subject", "text", "html", "values", "attachments")
#: Collections whose documents are not shown at all: pieces of files, messages between processes, counted attempts.
CLOSED = re.compile(r"\.chunks$|^messages|^system\.|^sessions?$|^rate_limit", re.IGNORECASE)


def is_secret(name: Any) -> bool:
    """Whether a key of a document names a secret."""
    return isinstance(name, str) and bool(SECRET_NAME.search(name))


def is_secret_message(value: Mapping[str, Any]) -> bool:
    """Whether this is an outgoing message that its recipient alone may read: with a link for a new password, say."""
    return "message_id" in value and value.get("purpose") not in PURPOSES


def is_closed(collection: str) -> bool:
    """Whether the documents of a collection are never shown."""
    return bool(CLOSED.search(collection))


def masked(value: Any) -> Any:
    """The value with everything secret in it replaced by MASK, at any depth."""
    if isinstance(value, Mapping) and is_secret_message(value):
        value = {key: MASK if key in MESSAGE_CONTENT and item else item for key, item in value.items()}
    if isinstance(value, Mapping):
        return {key: MASK if is_secret(key) and item not in (None, "", [], {}) else masked(item)
                for key, item in value.items()}  # fmt: skip
    if isinstance(value, (list, tuple)):
        return [masked(item) for item in value]
    # Bytes could be anything, a key among them.
    return MASK if isinstance(value, bytes) else value

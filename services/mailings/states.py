"""The state of a mailing, written as the program's own or a user's act: version, change entry and all."""

from collections.abc import Mapping
from typing import Any

from pymongo.client_session import ClientSession

from models.fields.schema import schema_of
from models.rights import Access
from services.mailings.drafts import REGISTER
from services.records import SCREEN, finished, now, replace_record

Raw = dict[str, Any]


def put_state(
    session: ClientSession, access: Access, before: Raw, values: Mapping[str, Any],
    sending: Mapping[str, Any] | None = None,
) -> Raw:  # fmt: skip
    """Write values of a mailing that nobody types (its state, its moments), in the caller's transaction; returns it.

    `sending` replaces what the program keeps of its sending. Raises Overtaken where another write came between.
    """
    schema = schema_of(REGISTER)
    document = before if sending is None else {**before, "sending": dict(sending)}
    after = finished(schema, document, values)
    after.update(version=before["version"] + 1, changed_at=now())
    replace_record(session, access, schema, before, after, SCREEN)
    return after

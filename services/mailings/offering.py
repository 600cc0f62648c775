"""The merge fields that an editor offers for a mailing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from models.fields.field import Field
from models.rights import Access, NotAllowed
from services.mailings.drafts import get_mailing
from services.mailings.errors import MailingProblem
from services.mailings.merge_fields import UNSUBSCRIBE, MergeFields
from services.mailings.recipients import audience_of

#: Links whose fields are offered beside the record's own.
OFFERED_LINKS = ("company",)


@dataclass(frozen=True)
class MergeField:
    """A field to put into a mailing: `name` as it stands between the braces, `label` as people read it, `group` the
    register that it is of."""

    name: str
    label: str
    group: str

    @property
    def place(self) -> str:
        return "{{" + self.name + "}}"


def merge_fields(access: Access, mailing_id: Any) -> list[MergeField]:
    """The fields of the mailing's recipients and of their first company, and the link to unsubscribe; only the last
    where the mailing has no segment yet, or one to whose members the user may not write. Raises RecordNotFound."""
    raw = get_mailing(access, mailing_id)
    link = MergeField(UNSUBSCRIBE, UNSUBSCRIBE, "")
    try:
        audience = audience_of(access, raw)
    except (MailingProblem, NotAllowed):
        return [link]
    fields = MergeFields.of(access, audience.card.key, access.language)
    own = offered(fields.schema.fields, "", str(audience.card.label), access.language)
    linked = [
        one for target in OFFERED_LINKS if target in fields.targets and target != audience.card.key
        for one in offered(fields.targets[target].schema.fields, f"{target}.",
                           str(fields.targets[target].schema.register.singular), access.language)
    ]  # fmt: skip
    return [*own, *linked, link]


def offered(fields: Iterable[Field], before: str, group: str, language: str) -> list[MergeField]:
    return [MergeField(f"{before}{found.column}", found.label_in(language), group)
            for found in fields if found.kind.name != "files" and found.section != "record"]  # fmt: skip

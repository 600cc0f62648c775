"""What a body says besides values: the version that was seen, and odd values to keep."""

from typing import Any

from flask_babel import gettext as _

from models.fields.errors import ValidationFailed


def take_version(values: dict[str, Any]) -> int | None:
    """Take `version` out of what was sent. Raises ValidationFailed."""
    version = values.pop("version", None)
    if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
        raise ValidationFailed({"version": [_("Give the version of the record that you saw, a whole number.")]})
    return version


def take_keep(values: dict[str, Any]) -> list[str]:
    """Take `_keep` out of what was sent. Raises ValidationFailed."""
    keep = values.pop("_keep", None)
    keep = [] if keep is None else keep
    if not isinstance(keep, list) or not all(isinstance(column, str) for column in keep):
        raise ValidationFailed({"_keep": [_("Give the names of the properties whose odd values are to be kept.")]})
    return keep


def refuse_own(values: dict[str, Any], pk: str | None) -> None:
    """Take `id` and `version` out: as they stand or null they are ignored. Raises ValidationFailed for others."""
    given = {name: values.pop(name, None) for name in ("id", "version")}
    wrong = [name for name, value in given.items() if value not in (None, pk)]
    if wrong:
        raise ValidationFailed({name: [_("You can't change this field.")] for name in wrong})

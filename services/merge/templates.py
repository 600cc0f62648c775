"""Keeping Word templates: checked when they come in, shared by all who may make letters in their register."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.files import StoredFile
from models.merge import MergeTemplate
from models.registers import Register, all_registers, register_of
from models.rights import Access, NotAllowed
from models.transactions import in_transaction
from services.files import DOCX, add_file, keep_content, new_file, open_content
from services.merge.addresses import block_statuses, recipient_of
from services.merge.errors import MergeProblem
from services.merge.matching import FieldStatus, unsupported
from services.merge.sources import Sources, statuses
from services.records import RecordNotFound, VersionConflict, now, object_id
from services.word import WordTemplate, normalise_name

Raw = dict[str, Any]
MAX_BYTES = 20 << 20
MAX_NAME = 200
EXTENSIONS = (".docx", ".dotx")


def may_merge(access: Access, card: Register) -> bool:
    return card.mergeable and access.may(card.key, "merge")


def check_may_merge(access: Access, register: str) -> Register:
    """The register's card. Raises UnknownRegister, NotAllowed."""
    card = register_of(register)
    if not may_merge(access, card):
        raise NotAllowed(_l("You may not make letters here. Ask an administrator for the right."))
    return card


def registers_to_merge(access: Access) -> list[Register]:
    """The registers in which the user may make letters."""
    return [card for card in all_registers() if may_merge(access, card)]


# Reading


def list_templates(access: Access, register: str) -> list[Raw]:
    """The register's templates by name. Raises NotAllowed."""
    check_may_merge(access, register)
    found = MergeTemplate._get_collection().find({"register": register})
    return sorted(found, key=lambda raw: (raw["name"].casefold(), raw["_id"]))


def get_template(access: Access, template_id: Any) -> Raw:
    """One template (raw). Raises RecordNotFound, also where the user may not make letters."""
    raw = MergeTemplate._get_collection().find_one({"_id": object_id("merge_template", template_id)})
    if raw is None or not access.may(raw["register"], "merge"):
        raise RecordNotFound("merge_template", template_id)
    return raw


def template_in(access: Access, register: str, template_id: Any) -> Raw:
    """One template of that register. Raises RecordNotFound."""
    raw = get_template(access, template_id)
    if raw["register"] != register:
        raise RecordNotFound("merge_template", template_id)
    return raw


def template_file(access: Access, template_id: Any) -> Raw:
    """The template's file (a raw StoredFile) as it was uploaded. Raises RecordNotFound."""
    raw = StoredFile._get_collection().find_one({"_id": get_template(access, template_id)["file"]})
    if raw is None:
        raise RecordNotFound("file", template_id)
    return raw


def read_template(access: Access, template_id: Any) -> WordTemplate:
    """The template ready to merge. Raises RecordNotFound, TemplateError."""
    with open_content(template_file(access, template_id)) as content:
        return WordTemplate.read(content.read())


def map_of(template: Raw) -> dict[str, str]:
    """The template's own map: normalised name of a merge field -> column."""
    return {pair["name"]: pair["column"] for pair in template.get("field_map") or ()}


def sources_of(access: Access, template: Raw) -> Sources:
    """What fills the template's merge fields, by its own map and by names."""
    return Sources(access, template["register"], map_of(template), template.get("tables") or ())


def field_status(access: Access, template: Raw) -> list[FieldStatus]:
    """Every field of the template: known, unknown or unsupported for this user. Raises TemplateError."""
    word, sources = read_template(access, template["_id"]), sources_of(access, template)
    blocks = block_statuses(word, recipient_of(access, word, sources.own), access.language)
    return [*statuses(word, sources, access.language), *blocks, *unsupported(word)]


def unknown_fields(access: Access, template: Raw) -> list[str]:
    """The merge fields that nothing fills for this user."""
    return sources_of(access, template).unknown(template["field_names"])


# Writing


def upload_template(
    access: Access, register: str, name: str, data: bytes, *, file_name: str = "", replace: Any = None
) -> Raw:
    """Keep a Word template; with `replace` it becomes the new content of that one, which keeps its map.

    `name` is what people call it; left empty, it is the file's name. Raises NotAllowed, MergeProblem, TemplateError,
    RecordNotFound.
    """
    check_may_merge(access, register)
    before = template_in(access, register, replace) if replace else None
    stem, extension = split_name(file_name or name)
    name = clean_title(name or stem)
    if len(data) > MAX_BYTES:
        raise MergeProblem(_l("The file is too large: a template may have at most %(max)s MB.",
                              max=MAX_BYTES >> 20), "file")  # fmt: skip
    word = WordTemplate.read(data)
    file = new_file(access, (stem or name) + extension, DOCX, "template", keep_content(BytesIO(data)))
    raw = {**(before or new_template(access, register)), "name": name, "file": file["_id"],
           "field_names": list(word.field_names), "tables": sorted(word.tables)}  # fmt: skip
    in_transaction(lambda session: write_template(session, before, raw, file))
    return get_template(access, raw["_id"])


def new_template(access: Access, register: str) -> Raw:
    return {"_id": ObjectId(), "register": register, "owner": access.user_id, "created_at": now(), "version": 0,
            "field_map": []}  # fmt: skip


def write_template(session: ClientSession, before: Raw | None, raw: Raw, file: Raw) -> None:
    """Write the template with its file; the file it had goes."""
    add_file(session, file)
    templates = MergeTemplate._get_collection()
    if before is None:
        templates.insert_one({**raw, "version": 1}, session=session)
        return
    content = {key: raw[key] for key in ("name", "file", "field_names", "tables")}
    same = {"_id": before["_id"], "file": before["file"]}
    if not templates.update_one(same, {"$set": content, "$inc": {"version": 1}}, session=session).matched_count:
        raise MergeProblem(_l("Somebody else has replaced or deleted this template meanwhile. Open it again."), "file")
    StoredFile._get_collection().delete_one({"_id": before["file"]}, session=session)


def split_name(file_name: str) -> tuple[str, str]:
    """(name without its extension, extension) of a Word file; ".docx" for any other extension."""
    for extension in EXTENSIONS:
        if file_name.lower().endswith(extension):
            return file_name[: -len(extension)], extension
    return file_name, EXTENSIONS[0]


def clean_title(name: str) -> str:
    """The name as people read it. Raises MergeProblem for none and for one that is too long."""
    printable = "".join(char for char in name if char.isprintable())
    title = " ".join(split_name(printable.strip())[0].split())
    if not title:
        raise MergeProblem(_l("Give the template a name."), "name")
    if len(title) > MAX_NAME:
        raise MergeProblem(_l("This name is too long: at most %(max)s characters.", max=MAX_NAME), "name")
    return title


def rename_template(access: Access, template_id: Any, name: str) -> Raw:
    """Raises RecordNotFound, MergeProblem."""
    return change_template(access, template_id, {"name": clean_title(name)})


def set_field_map(access: Access, template_id: Any, field_map: Mapping[str, str]) -> Raw:
    """Say which column fills which merge field; an empty column takes the field off the map.

    Names that are not given keep what the map says. Raises RecordNotFound, MergeProblem for a name that the
    template does not have and for a column that the user does not see.
    """
    return change_template(access, template_id, {"field_map": mapped(access, get_template(access, template_id),
                                                                     field_map)})  # fmt: skip


def update_template(
    access: Access, template_id: Any, values: Mapping[str, Any], version: int | None = None
) -> Raw:  # fmt: skip
    """Change the `name` and `field_map` that are given, as one by one. Raises RecordNotFound, MergeProblem,
    VersionConflict."""
    template, found = get_template(access, template_id), dict(values)
    if "name" in found:
        found["name"] = clean_title(found["name"])
    if "field_map" in found:
        found["field_map"] = mapped(access, template, found["field_map"])
    return change_template(access, template_id, found, version)


def mapped(access: Access, template: Raw, field_map: Mapping[str, str]) -> list[dict[str, str]]:
    """The template's map with what is given. Raises MergeProblem."""
    names = {normalise_name(name) for name in template["field_names"]}
    given = {normalise_name(name): column for name, column in field_map.items()}
    for name in field_map:
        if normalise_name(name) not in names:
            raise MergeProblem(_l("The template has no merge field “%(name)s”.", name=name[:80]))
    check_columns(access, template["register"], field_map)
    after = {name: column for name, column in {**map_of(template), **given}.items() if column and name in names}
    return [{"name": name, "column": column} for name, column in after.items()]


def check_columns(access: Access, register: str, field_map: Mapping[str, str]) -> None:
    """Raises MergeProblem for a column of the map that the register does not have or that the user does not see."""
    sources = Sources(access, register, {})
    known = ", ".join(sources.schema.by_column)
    for name, column in field_map.items():
        if column and sources.by_column(column) is None:
            raise MergeProblem(_l("There is no field “%(column)s” for the merge field “%(name)s”. Fields: %(known)s.",
                                  column=column[:80], name=name[:80], known=known))  # fmt: skip


def change_template(access: Access, template_id: Any, values: Raw, version: int | None = None) -> Raw:
    template = get_template(access, template_id)
    same = {"_id": template["_id"], **({} if version is None else {"version": version})}
    change = {**({"$set": values} if values else {}), "$inc": {"version": 1}}
    if not MergeTemplate._get_collection().update_one(same, change).matched_count:
        raise VersionConflict(get_template(access, template_id))
    return get_template(access, template_id)


def delete_template(access: Access, template_id: Any) -> Raw:
    """Delete a template and its file; letters made of it stay. Returns it as it was. Raises RecordNotFound."""
    template = get_template(access, template_id)

    def write(session: ClientSession) -> None:
        MergeTemplate._get_collection().delete_one({"_id": template["_id"]}, session=session)
        StoredFile._get_collection().delete_one({"_id": template["file"]}, session=session)

    in_transaction(write)
    return template

"""Making the indexes of every collection, once, before the processes start."""

from fab_mongo import Permission, PermissionView, RegisterUser, ViewMenu
from models.changes import Change, DeletedRecord
from models.fields.definitions import FieldDefinition
from models.files import StoredFile
from models.jobs import Job
from models.merge import MergeTemplate
from models.registers import all_registers
from models.security import Group, Role, Team, User

DOCUMENTS = (
    Change, DeletedRecord, FieldDefinition, Group, Job, MergeTemplate, Permission, PermissionView, RegisterUser, Role,
    StoredFile, Team, User, ViewMenu,
)  # fmt: skip


def ensure_indexes() -> None:
    """Make what is missing; indexes that are there are left alone."""
    for document in DOCUMENTS:
        document.ensure_indexes()
    for register in all_registers():
        # A wildcard index can't be declared with MongoEngine.
        register.document._get_collection().create_indexes(register.document.index_models())

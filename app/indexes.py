"""Making the indexes of every collection, once, before the processes start."""

import mongoengine as me
from pymongo import ASCENDING, IndexModel

from fab_mongo import Permission, PermissionView, RegisterUser, ViewMenu
from models.api_keys import ApiKey
from models.audit import AuditEntry, AuditHead, FailedTries
from models.changes import Change, DeletedRecord
from models.consent import Suppressed
from models.console import Look
from models.feeds import CalendarFeed
from models.fields.choice_lists import ChoiceList
from models.fields.definitions import FieldDefinition
from models.files import StoredFile
from models.imports import FaultyCell, ImportDraft, KnownHeader
from models.jobs import Job
from models.layouts import RecordLayout
from models.letters import Letter, LetterBatch
from models.merge import MergeTemplate
from models.notices import Notice
from models.outbox import Dispatch, Message
from models.past import PastState
from models.pipelines import PipelineDocument
from models.rates import ExchangeRate
from models.registers import all_registers
from models.relationships import OwnKind, Relationship
from models.reminders import Reminder
from models.reports import Report
from models.saved_views import SavedView
from models.security import Group, Role, Team, User
from models.segments import SegmentMember, SegmentSnapshot
from models.sign_in import PasswordLink, PasswordRequest, SignInAttempt, Tries
from models.trays import OwnTray, Tray
from services.files import BLOB_INDEX, PIECES_INDEX
from services.upgrades import bring_up_to_date

DOCUMENTS = (
    ApiKey, AuditEntry, AuditHead, CalendarFeed, Change, ChoiceList, DeletedRecord, Dispatch, ExchangeRate,
    FailedTries, FaultyCell, FieldDefinition, Group, ImportDraft, Job, KnownHeader, Letter, LetterBatch, Look,
    MergeTemplate, Message, Notice, OwnKind, OwnTray, PasswordLink, PasswordRequest, PastState, Permission,
    PermissionView, PipelineDocument, RecordLayout, RegisterUser, Relationship, Reminder, Report, Role, SavedView,
    SegmentMember, SegmentSnapshot, SignInAttempt, StoredFile, Suppressed, Team, Tray, Tries, User, ViewMenu,
)  # fmt: skip


def ensure_indexes() -> None:
    """Make what is missing; indexes that are there are left alone."""
    for document in DOCUMENTS:
        document.ensure_indexes()
    for register in all_registers():
        # A wildcard index can't be declared with MongoEngine.
        wanted = [*register.document.index_models(), *(key_index(key) for key in register.duplicate_keys)]
        register.document._get_collection().create_indexes(wanted)
    me.get_db()["blobs.chunks"].create_indexes([PIECES_INDEX])
    me.get_db()["blob"].create_indexes([BLOB_INDEX])
    bring_up_to_date()


def key_index(key: str) -> IndexModel:
    """What finds an existing record by one of its register's keys, as an import does for every row."""
    return IndexModel([(key, ASCENDING)], name=f"by_key_{key}", sparse=True)

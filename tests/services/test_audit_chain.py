"""The audit's chain: whatever is changed, deleted or inserted in it is found, and many writers keep it whole."""

import datetime as dt
import multiprocessing
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from app import create_app
from config import PROJECT_ROOT, Settings
from models.audit import AuditEntry, AuditHead, What
from models.security import User
from models.transactions import in_transaction
from services.audit import write, write_now
from services.audit.chain import BrokenChain, End, Fault, check_chain, hash_of, head

Raw = dict[str, Any]
LENGTH, WRITERS, EACH = 8, 2, 200
QUIETLY = examples(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.binary(max_size=8)
    | st.integers(0, 2_000_000_000).map(lambda seconds: dt.datetime.fromtimestamp(seconds, dt.UTC)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


@pytest.fixture
def chain(app: Flask, admin: User) -> list[Raw]:
    """A chain as it was written."""
    for number in range(LENGTH):
        write_now(What.EXPORTED, admin.pk, target={"register": "company", "id": ObjectId(), "name": f"ä {number}"},
                  details={"records": number, "at": dt.datetime.now(dt.UTC), "some": [1.5, {"a": None}]},
                  address="192.0.2.1", agent="x" * 400)  # fmt: skip
    return list(AuditEntry._get_collection().find().sort("_id", 1))


def restore(entries: list[Raw]) -> None:
    AuditEntry._get_collection().delete_many({})
    AuditEntry._get_collection().insert_many(entries)


def broken() -> tuple[Any, Fault]:
    with pytest.raises(BrokenChain) as found:
        check_chain()
    return found.value.number, found.value.fault


def test_chain_as_written_holds_and_its_end_is_told(chain: list[Raw]) -> None:
    assert check_chain() == head() == End(LENGTH, chain[-1]["hash"])
    assert check_chain(End(3, chain[2]["hash"])) == head()
    assert [entry["previous"] for entry in chain] == ["", *(entry["hash"] for entry in chain[:-1])]
    assert [entry["_id"] for entry in chain] == list(range(1, LENGTH + 1))


def test_chain_without_entries_holds(app: Flask) -> None:
    assert check_chain() == End(0, "")


@QUIETLY
@given(data=st.data())
def test_any_changed_value_is_found_at_its_entry(chain: list[Raw], data: st.DataObject) -> None:
    entry = data.draw(st.sampled_from(chain))
    others = ["new", "details.records", "target.id"]
    field = data.draw(st.sampled_from([*(name for name in entry if name != "_id"), *others]))
    value = data.draw(VALUES)
    AuditEntry._get_collection().update_one({"_id": entry["_id"]}, {"$set": {field: value}})
    after = AuditEntry._get_collection().find_one({"_id": entry["_id"]}) or {}
    try:
        if hash_of(after) == hash_of(entry) and after["hash"] == entry["hash"]:
            assert after == entry
        else:
            assert broken() == (entry["_id"], Fault.CHANGED)
    finally:
        restore(chain)


@QUIETLY
@given(data=st.data())
def test_changed_entry_with_a_new_hash_is_found_behind_it(chain: list[Raw], data: st.DataObject) -> None:
    entry = dict(data.draw(st.sampled_from(chain)))
    entry["who"] = entry["who"] + data.draw(st.text("abc", min_size=1, max_size=3))
    entry["hash"] = hash_of(entry)
    AuditEntry._get_collection().replace_one({"_id": entry["_id"]}, entry)
    # The last entry has none behind it: the head knows its hash.
    expected = min(entry["_id"] + 1, LENGTH)
    try:
        assert broken() == (expected, Fault.CHANGED)
    finally:
        restore(chain)


@QUIETLY
@given(gone=st.sets(st.integers(1, LENGTH), min_size=1))
def test_deleted_entries_are_found_at_the_first(chain: list[Raw], gone: set[int]) -> None:
    AuditEntry._get_collection().delete_many({"_id": {"$in": list(gone)}})
    try:
        assert broken() == (min(gone), Fault.MISSING)
    finally:
        restore(chain)


@QUIETLY
@given(number=st.one_of(st.integers(-5, 0), st.integers(LENGTH + 1, LENGTH + 1), st.floats(0, LENGTH + 5).filter(
    lambda number: not number.is_integer()), st.text("ab", max_size=3)))  # fmt: skip
def test_inserted_entries_are_found(chain: list[Raw], number: Any) -> None:
    entry: Raw = {**chain[-1], "_id": number, "previous": chain[-1]["hash"]}
    entry["hash"] = hash_of(entry)
    AuditEntry._get_collection().insert_one(entry)
    try:
        assert broken() == (number, Fault.INSERTED)
    finally:
        restore(chain)


@QUIETLY
@given(gone=st.integers(1, LENGTH - 1))
def test_cut_off_end_is_found_by_an_end_that_was_kept(chain: list[Raw], gone: int) -> None:
    """Somebody who can write everything makes the head fit: only what was kept elsewhere knows better."""
    kept, last = head(), chain[gone - 1]
    AuditEntry._get_collection().delete_many({"_id": {"$gt": gone}})
    AuditHead._get_collection().update_one({}, {"$set": {"number": gone, "hash": last["hash"]}})
    try:
        assert check_chain().number == gone
        with pytest.raises(BrokenChain) as found:
            check_chain(kept)
        assert (found.value.number, found.value.fault) == (gone + 1, Fault.MISSING)
    finally:
        restore(chain)
        AuditHead._get_collection().update_one({}, {"$set": {"number": kept.number, "hash": kept.hash}})


def test_chain_made_anew_is_found_by_an_end_that_was_kept(chain: list[Raw], admin: User) -> None:
    kept = head()
    AuditEntry._get_collection().delete_many({})
    AuditHead._get_collection().delete_many({})
    for _number in range(LENGTH + 1):
        write_now(What.EXPORTED, admin.pk)
    assert check_chain().number == LENGTH + 1
    with pytest.raises(BrokenChain):
        check_chain(kept)


# Many writers


def write_many(settings: Settings, user_id: ObjectId) -> None:
    """One process of its own."""
    app = create_app(settings)
    with app.app_context():
        for number in range(EACH):
            write_now(What.EXPORTED, user_id, details={"records": number})


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_processes_that_write_at_once_keep_the_chain_whole(app: Flask, settings: Settings, admin: User) -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=write_many, args=(settings, admin.pk)) for _number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    assert check_chain().number == WRITERS * EACH
    assert sorted(raw["details"]["records"] for raw in AuditEntry._get_collection().find()) == sorted(
        [*range(EACH)] * WRITERS)  # fmt: skip


def test_threads_that_write_at_once_keep_the_chain_whole_and_a_check_beside_them_holds(app: Flask, admin: User) -> None:
    written: list[int] = []

    def run() -> None:
        with app.app_context():
            for number in range(EACH):
                written.append(write_now(What.EXPORTED, admin.pk, details={"records": number}))

    threads = [threading.Thread(target=run) for _number in range(WRITERS)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        check_chain()
    for thread in threads:
        thread.join()
    assert check_chain().number == WRITERS * EACH
    assert sorted(written) == list(range(1, WRITERS * EACH + 1))


def test_entry_goes_with_the_transaction_that_it_tells_of(app: Flask, chain: list[Raw], admin: User) -> None:
    def fail(session: Any) -> None:
        write(session, What.EXPORTED, admin.pk)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_transaction(fail)
    assert check_chain() == End(LENGTH, chain[-1]["hash"])
    assert write_now(What.EXPORTED, admin.pk) == LENGTH + 1


# The command


@pytest.fixture
def command(app: Flask) -> Callable[..., Any]:
    return lambda *arguments: app.test_cli_runner().invoke(args=["check-audit", *arguments])


def test_command_says_that_the_chain_holds_and_prints_its_end(chain: list[Raw], command: Callable) -> None:
    end = f"{LENGTH}:{chain[-1]['hash']}"
    assert command("--head").output == f"{end}\n"
    whole = command("--kept", end)
    assert (whole.exit_code, end in whole.output) == (0, True)
    assert command("--kept", "nonsense").exit_code == 2


@pytest.mark.parametrize(("spoil", "said"), [
    (lambda audit: audit.update_one({"_id": 3}, {"$set": {"who": "Somebody else"}}), "Entry 3 was changed"),
    (lambda audit: audit.delete_one({"_id": 5}), "Entry 5 is missing"),
    (lambda audit: audit.insert_one({"_id": LENGTH + 1}), f"Entry {LENGTH + 1} was changed"),
    (lambda audit: audit.insert_one({"_id": "new"}), "Entry new was inserted"),
    (lambda audit: audit.delete_many({}), "Entry 1 is missing"),
])  # fmt: skip
def test_command_says_where_the_chain_breaks(chain: list[Raw], command: Callable, spoil: Callable, said: str) -> None:
    spoil(AuditEntry._get_collection())
    found = command()
    assert (found.exit_code, said in found.output) == (1, True), found.output


# Nothing in the program changes it


def test_one_function_alone_writes_entries() -> None:
    rooms = [PROJECT_ROOT / room for room in ("app", "fab_mongo", "models", "services", "views")]
    users = {str(path.relative_to(PROJECT_ROOT)) for room in rooms for path in room.rglob("*.py")
             if "AuditEntry" in path.read_text() or "AuditHead" in path.read_text()}  # fmt: skip
    assert users == {"app/indexes.py", "models/audit.py", "services/audit/chain.py", "services/audit/reading.py",
                     "services/audit/writing.py"}  # fmt: skip
    for name in ("chain", "reading"):
        source = Path(PROJECT_ROOT / f"services/audit/{name}.py").read_text()
        assert not any(verb in source for verb in ("insert_", "update_", "replace_", "delete_", "drop", "bulk_write"))
    source = Path(PROJECT_ROOT / "services/audit/writing.py").read_text()
    assert source.count("AuditEntry._get_collection()") == source.count("AuditEntry._get_collection().insert_one(") == 1


def test_no_request_changes_the_audit(app: Flask, client: FlaskClient, chain: list[Raw]) -> None:
    known = [rule for rule in app.url_map.iter_rules() if "audit" in rule.rule]
    assert {rule.rule for rule in known} == {"/settings/audit/", "/settings/audit/workbook"}
    assert all(rule.methods is not None and rule.methods <= {"GET", "HEAD", "OPTIONS"} for rule in known)
    before = list(AuditEntry._get_collection().find().sort("_id", 1))
    assert client.get("/console/collection/audit/").status_code == 200
    for address in ("edit/?id=1", "delete/", "new/", "action/", "ajax/update/", "?filter={}", "details/?id=1"):
        for method in ("post", "put", "delete", "patch"):
            sent = {"id": "1", "action": "delete"}
            answer = getattr(client, method)(f"/console/collection/audit/{address}", data=sent)
            assert answer.status_code in (404, 405), (method, address)
    for register in ("audit", "audit_entry", "AuditEntry", "audit_head"):
        for method in ("post", "put", "delete"):
            assert getattr(client, method)(f"/api/v1/{register}/1", json={"who": "x"}).status_code in (404, 405)
    assert list(AuditEntry._get_collection().find().sort("_id", 1)) == before

"""What one process does for the whole installation while the others wait."""

import datetime as dt
import subprocess
import sys
import threading
import time

import mongoengine as me
import pytest
from flask import Flask

from services import leases
from services.leases import ALONE, alone, new_holder
from services.records import now


def test_others_wait_until_it_is_done(app: Flask) -> None:
    database, seen = me.get_db(), []

    def second() -> None:
        with alone(database, "prepare"):
            seen.append("second")

    with alone(database, "prepare"):
        waiting = threading.Thread(target=second)
        waiting.start()
        time.sleep(0.3)
        seen.append("first")
    waiting.join(10)
    assert seen == ["first", "second"]
    assert database[ALONE].count_documents({}) == 0


def test_waiting_ends_with_a_reason(app: Flask) -> None:
    with alone(me.get_db(), "prepare"):
        with pytest.raises(TimeoutError, match="prepare"), alone(me.get_db(), "prepare", seconds=0.2):
            pass
        with alone(me.get_db(), "something else", seconds=0.2):
            pass


def test_what_a_killed_process_held_is_taken_at_once(app: Flask) -> None:
    killed = subprocess.run([sys.executable, "-c", "from services.leases import new_holder; print(new_holder())"],
                            capture_output=True, text=True, check=True).stdout.strip()  # fmt: skip
    me.get_db()[ALONE].insert_one({"_id": "prepare", "holder": killed, "lease_until": now() + leases.LEASE})
    with alone(me.get_db(), "prepare", seconds=0.5):
        assert me.get_db()[ALONE].find_one()["holder"] != killed


def test_what_another_machine_held_is_taken_when_its_lease_has_run_out(app: Flask) -> None:
    elsewhere = {"_id": "prepare", "holder": f"elsewhere/pid:[1] 1 {new_holder()}", "lease_until": now() + leases.LEASE}
    me.get_db()[ALONE].insert_one(elsewhere)
    with pytest.raises(TimeoutError), alone(me.get_db(), "prepare", seconds=0.2):
        pass
    me.get_db()[ALONE].update_one({}, {"$set": {"lease_until": now() - dt.timedelta(seconds=1)}})
    with alone(me.get_db(), "prepare", seconds=0.2):
        pass


def test_a_long_hold_stays(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(leases, "LEASE", dt.timedelta(seconds=0.3))
    with alone(me.get_db(), "prepare"):
        time.sleep(0.5)
        with pytest.raises(TimeoutError), alone(me.get_db(), "prepare", seconds=0.2):
            pass

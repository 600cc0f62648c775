"""Running the parts as processes of their own: starting them, restarting one that dies, stopping all in order."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

from config import PROJECT_ROOT

TICK_SECONDS = 0.25
LONGEST_PAUSE = 30.0
# A part that ran so long before it died is taken to be sound: the pauses begin anew.
SOUND_SECONDS = 60.0

logger = logging.getLogger(__name__)


@dataclass
class Part:
    """One process to keep running: `module` is run with our process id as its argument."""

    name: str
    module: str
    stop_seconds: float
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    deaths: int = 0
    due: float = 0.0

    def start(self) -> None:
        # A session of its own: Ctrl-C reaches us alone, and we stop the parts in order.
        self.process = subprocess.Popen(
            [sys.executable, "-m", self.module, str(os.getpid())], cwd=PROJECT_ROOT, start_new_session=True
        )
        self.started = time.monotonic()

    def look(self) -> None:
        """Start the part if it is due; note its death, and when it is due again: 1, 2, 4 ... 30 seconds later."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.due:
                self.start()
            return
        if not has_ended(self.process):
            return
        code = self.clear_away(self.process)
        self.deaths = 1 if now - self.started > SOUND_SECONDS else self.deaths + 1
        pause = min(2.0 ** (self.deaths - 1), LONGEST_PAUSE)
        self.due = now + pause
        logger.error("The %s ended by itself (exit code %s); it starts again in %.0f s", self.name, code, pause)

    def end(self) -> None:
        """End the process and its children at once, for they can do nothing any more; `look` starts it anew."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)

    def clear_away(self, process: subprocess.Popen[bytes]) -> int:
        """End whatever is left of the part's process group; answers the exit code."""
        # Before the exit code is collected: until then nobody else can get this process id.
        os.killpg(process.pid, signal.SIGKILL)
        self.process = None
        return process.wait()


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has ended, leaving its exit code to be collected."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


class Supervisor:
    """Keeps the parts running until a signal; `each_tick` is called several times a second and must be quick."""

    def __init__(self, parts: list[Part], each_tick: Callable[[], None]) -> None:
        self.parts = parts
        self.each_tick = each_tick
        self.signals = 0

    def run(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.note_signal)
        try:
            while not self.signals:
                for part in self.parts:
                    part.look()
                self.each_tick()
                time.sleep(TICK_SECONDS)
        finally:
            self.stop()

    def note_signal(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1

    def stop(self) -> None:
        """Tell the parts to stop, in their order, and wait for each; a second signal means at once."""
        running = [(part, part.process) for part in self.parts if part.process]
        for _, process in running:
            process.terminate()
        for part, process in running:
            self.wait(process, part.stop_seconds)
            part.clear_away(process)

    def wait(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not has_ended(process) and time.monotonic() < deadline and self.signals < 2:
            time.sleep(0.05)

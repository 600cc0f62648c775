"""Ending together with the process that started us, however it ended: a kill -9 of run.py leaves nobody behind."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> None:
    """Have the kernel send us SIGTERM when `parent`, the process that started us, ends (Linux; prctl(2))."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        # It has ended before we asked.
        sys.exit(0)

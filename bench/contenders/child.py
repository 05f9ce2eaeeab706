"""A program of the machine's: run to its end, and what the kernel says of its time, CPU and memory."""

import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
import time

from protocol import peak_rss_bytes

HIGH_WATER_EVERY = 0.01
PR_SET_PDEATHSIG = 1


def run(command, output=subprocess.DEVNULL, tied=False):
    """Seconds and CPU time are those of the whole process. All of it is work.

    tied, where the system can: the program ends with this wrapper, for what must not go on when a run is stopped. That
    costs the program a few milliseconds.
    """
    start = time.perf_counter()
    child = started(command, output, tied)
    cpu_seconds, peak_rss = wait_for(child)
    seconds = time.perf_counter() - start
    if child.returncode != 0:
        sys.exit(f"error: {command[0]} ended with exit {child.returncode}")
    return {
        "seconds": seconds,
        "cpuSeconds": cpu_seconds,
        "workCpuSeconds": cpu_seconds,
        "peakRssBytes": peak_rss,
    }


def version_of(program):
    # Some end as if it were a mistake to ask.
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    return f"{program} {re.search(r'[0-9]+[.][0-9][0-9a-z.]*', said).group()}"


def started(command, output, tied):
    # What Python does between fork and exec counts as the program's; without it Python need not fork itself.
    before_exec = end_with_parent if tied and sys.platform == "linux" else None
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, preexec_fn=before_exec)


def end_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_for(child):
    """CPU seconds and peak memory, where the system tells them."""
    if sys.platform == "win32":
        child.wait()
        return None, None
    high_water = HighWater(child.pid)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    # On Linux the kernel's own figure counts from before exec: it is this wrapper's, where the program needs less.
    peak = high_water.bytes if sys.platform == "linux" else usage.ru_maxrss
    return usage.ru_utime + usage.ru_stime, peak


class HighWater:
    """The largest resident memory of a process, as long as it lasts."""

    def __init__(self, pid):
        self.bytes = None
        self.pid = pid
        if sys.platform == "linux":
            threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        try:
            while True:
                self.bytes = peak_rss_bytes(self.pid)
                time.sleep(HIGH_WATER_EVERY)
        except (OSError, StopIteration):
            pass  # the process has ended

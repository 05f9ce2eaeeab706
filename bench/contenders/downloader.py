"""A command-line downloader: the list in a file of its own format, one process for all of it.

The seconds are those of the whole process, and so are CPU time and memory, as the kernel tells them of a child.
"""

import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
import time

from protocol import answer, peak_rss_bytes

HIGH_WATER_EVERY = 0.01
PR_SET_PDEATHSIG = 1


def curl(links, folder, parallel, list_file):
    entries = [f'url = "{link["url"]}"\noutput = "{folder}/{link["name"]}"\n' for link in links]
    write(list_file, entries)
    flags = ["--silent", "--show-error", "--fail", "--parallel", "--parallel-max", str(parallel)]
    return ["curl", "--disable", *flags, "--config", list_file]


def aria2c(links, folder, parallel, list_file):
    write(list_file, [f"{link['url']}\n  out={link['name']}\n" for link in links])
    flags = ["--no-conf", "--quiet", "--max-tries=1", "-j", str(parallel), "-x", "1", "-d", folder]
    return ["aria2c", *flags, "-i", list_file]


def wget2(links, folder, parallel, list_file):
    write(list_file, [f"{link['url']}\n" for link in links])
    # Without OCSP: it would leave files of that in the home folder.
    flags = ["--no-config", "--no-ocsp", "--quiet", "--tries=1", "--max-threads", str(parallel), "-P", folder]
    return ["wget2", *flags, "-i", list_file]


COMMANDS = {"curl": curl, "aria2c": aria2c, "wget2": wget2}


def write(file, entries):
    with open(file, "w", encoding="utf-8") as output:
        output.writelines(entries)


def version_of(program):
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return f"{program} {re.search(r'[0-9]+[.][0-9][0-9a-z.]*', said).group()}"


def save(scenario, _clock):
    """Run the program to its end and say what that took."""
    command_of = COMMANDS[scenario["options"]["program"]]
    folder = scenario["folder"]
    # Beside the folder and not in it: the harness removes both.
    list_file = os.path.join(os.path.dirname(folder), "list")
    command = command_of(scenario["links"], folder, scenario["concurrency"], list_file)
    start = time.perf_counter()
    child = started(command)
    usage = wait_for(child)
    seconds = time.perf_counter() - start
    if child.returncode != 0:
        sys.exit(f"error: {command[0]} ended with exit {child.returncode}")
    return {"seconds": seconds, **usage}


def started(command):
    # Where the system can, the program ends with this wrapper: it must not write on when a run is stopped.
    tied = {"preexec_fn": end_with_parent} if sys.platform == "linux" else {}
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **tied)


def end_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_for(child):
    if sys.platform == "win32":
        child.wait()
        return {"cpuSeconds": None, "peakRssBytes": None}
    high_water = HighWater(child.pid)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    # On Linux the kernel's own figure counts from before exec: it is this wrapper's, where the program needs less.
    peak = high_water.bytes if sys.platform == "linux" else usage.ru_maxrss
    return {"cpuSeconds": usage.ru_utime + usage.ru_stime, "peakRssBytes": peak}


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


def tell(usage, scenario):
    """In place of what is known of this wrapper."""
    return usage | {"versions": {"runtime": version_of(scenario["options"]["program"])}}


answer(None, save, tell)

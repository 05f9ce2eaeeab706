"""The protocol of a contender in Python: scenario in on stdin, the clock, one JSON line out on stdout.

Knows nothing of how a contender downloads.
"""

import hashlib
import json
import platform
import sys
import time
from importlib.metadata import version


class Clock:
    """Wall clock and CPU time of this process. Called, it says the milliseconds since its start."""

    def __init__(self):
        self.seconds = None
        self.start()

    def start(self):
        """Also again: what was before does not count then."""
        self.started, self.cpu_started = time.perf_counter(), time.process_time()

    def __call__(self):
        return (time.perf_counter() - self.started) * 1000

    def stop(self):
        """The first time counts: whoever knows better when the work was done has said so already."""
        if self.seconds is None:
            self.seconds = time.perf_counter() - self.started
            self.cpu_seconds = time.process_time() - self.cpu_started


def contend(library, download):
    """For whoever is asked for an answer a link.

    download(scenario, clock) returns an answer a request: a dict of index, status, body, startMs, endMs and phases, in
    milliseconds of the clock.
    """

    def tell(answers, scenario):
        return {"links": [link_of(each, scenario["links"]) for each in answers]}

    answer(library, download, tell)


def answer(library, work, tell):
    """Run work(scenario, clock) against the clock, and print a report with what tell(outcome, scenario) adds to it."""
    scenario = json.load(sys.stdin)
    clock = Clock()
    outcome = work(scenario, clock)
    clock.stop()

    # Taken before anything is told, bodies are hashed for example: that is the harness's work and not the contender's.
    report = {
        "seconds": clock.seconds,
        "cpuSeconds": time.process_time(),
        "workCpuSeconds": clock.cpu_seconds,
        "peakRssBytes": peak_rss_bytes(),
        "versions": versions_with(library),
    }
    print(json.dumps(report | tell(outcome, scenario)), flush=True)


def versions_with(library):
    runtime = {"runtime": f"python {platform.python_version()}"}
    return runtime | {"library": f"{library} {version(library)}"} if library else runtime


def link_of(answer, links):
    body = answer["body"]
    data = body.encode() if isinstance(body, str) else body
    return {
        "index": answer["index"],
        "status": answer["status"],
        "startMs": round(answer["startMs"], 3),
        "endMs": round(answer["endMs"], 3),
        "phases": {name: round(ms, 3) for name, ms in answer["phases"].items()},
        "url": links[answer["index"]]["url"],
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def peak_rss_bytes(pid="self"):
    """On Linux getrusage counts from before exec and so reports the harness's own peak; /proc does not."""
    if sys.platform == "linux":
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            line = next(line for line in status if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

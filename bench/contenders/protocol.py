"""The protocol of a contender in Python: scenario in on stdin, the clock, one JSON line out on stdout.

Knows nothing of how a contender downloads.
"""

import hashlib
import json
import platform
import sys
import time
from importlib.metadata import version


def contend(library, download):
    """Run download(scenario, clock) against the clock and print the report.

    It returns an answer a request: a dict of index, status, body, startMs, endMs and phases, in milliseconds of the
    clock.
    """
    scenario = json.load(sys.stdin)
    start = time.perf_counter()

    def clock():
        return (time.perf_counter() - start) * 1000

    answers = download(scenario, clock)
    seconds = clock() / 1000

    # Taken before the bodies are hashed: that is the harness's work and not the contender's.
    report = {
        "seconds": seconds,
        "cpuSeconds": time.process_time(),
        "peakRssBytes": peak_rss_bytes(),
        "versions": {
            "runtime": f"python {platform.python_version()}",
            "library": f"{library} {version(library)}",
        },
        "links": [link_of(answer, scenario["links"]) for answer in answers],
    }
    print(json.dumps(report), flush=True)


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


def peak_rss_bytes():
    """On Linux getrusage counts from before exec and so reports the harness's own peak; /proc does not."""
    if sys.platform == "linux":
        with open("/proc/self/status", encoding="ascii") as status:
            line = next(line for line in status if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

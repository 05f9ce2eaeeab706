"""wrk, one address for a time, on one thread: what a client can do that makes nothing of what it gets.

It counts answers and says how many had a bad status. It looks at no body, and at no certificate: over https it trusts
everybody, so there it is not asked.
"""

import json
import os
import sys
import tempfile

from child import run, version_of
from many import address_of
from protocol import answer

SUMMARY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wrk.lua")
SECONDS = 1


def command_of(scenario):
    url = address_of(scenario["urls"])(0, 0)
    seconds = scenario["options"].get("seconds", SECONDS)
    return ["wrk", "-t1", f"-c{scenario['concurrency']}", f"-d{seconds}s", "-s", SUMMARY, url]


def refuse(scenario):
    if scenario.get("warm") or scenario.get("keep"):
        sys.exit("error: wrk cannot warm up, and keeps no bodies")
    if "ca" in scenario or scenario.get("http", "1.1") != "1.1":
        sys.exit("error: wrk is asked over plain http and HTTP/1.1 only")


def download(scenario, _clock):
    refuse(scenario)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        usage = run(command_of(scenario), output=said)
        said.seek(0)
        return usage | outcome_of(said.read())


def outcome_of(said):
    """From the last line. Its seconds are those of the requests, without the start of the process."""
    counted = json.loads(said.splitlines()[-1])
    if counted["lost"]:
        sys.exit(f"error: wrk lost {counted['lost']} requests or connections")
    responses, bad = counted["responses"], counted["bad"]
    statuses = {"200": responses - bad} | ({"400 or more": bad} if bad else {})
    return {
        "seconds": counted["microseconds"] / 1e6,
        "tally": {"responses": responses, "statuses": statuses},
    }


def tell(outcome, _scenario):
    """In place of what is known of this wrapper."""
    return outcome | {"versions": {"runtime": version_of("wrk")}}


answer(None, download, tell)

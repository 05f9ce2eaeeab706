"""curl --parallel, many requests by one process, every body to /dev/null; what it says of each makes the tally.

There is no warm-up: seconds and CPU time are those of the whole process, with its start and its reading of the list.
"""

import os
import sys
import tempfile

from child import run, version_of
from many import Tally, requests_of
from protocol import answer

# Older versions are quiet about more, and do no more.
MOST_PARALLEL = 300
HTTP_FLAGS = {"1.1": "--http1.1", "2": "--http2"}
# About one in a hundred of the CPU time goes to it.
WRITE_OUT = "%{http_code} %{size_download} %{urlnum}\\n"


def command_of(scenario, folder):
    flags = ["--silent", "--show-error", "--no-progress-meter", "--globoff", "--write-out", WRITE_OUT]
    flags += ["--parallel", "--parallel-max", str(scenario["concurrency"]), HTTP_FLAGS[scenario.get("http", "1.1")]]
    if "ca" in scenario:
        flags += ["--cacert", written(folder, "ca.pem", [scenario["ca"]])]
    entries = (f'url = "{url}"\noutput = "{os.devnull}"\n' for _, url in requests_of(scenario))
    return ["curl", "--disable", *flags, "--config", written(folder, "list", entries)]


def written(folder, name, lines):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(lines)
    return path


def refuse(scenario):
    if scenario.get("warm") or scenario.get("keep"):
        sys.exit("error: curl cannot warm up, and keeps no bodies")
    if scenario["concurrency"] > MOST_PARALLEL:
        sys.exit(f"error: not every curl does more than {MOST_PARALLEL} at a time")


def download(scenario, _clock):
    refuse(scenario)
    with tempfile.TemporaryDirectory() as folder:
        command = command_of(scenario, folder)
        # To a file: whoever read a pipe meanwhile would take time on the same core.
        with open(os.path.join(folder, "said"), "w+", encoding="ascii") as said:
            usage = run(command, output=said)
            said.seek(0)
            return usage | {"tally": tally_of(said)}


def tally_of(lines):
    tally = Tally(keep=False)
    for line in lines:
        status, size, index = map(int, line.split())
        tally.count(index, status, size)
    return tally.told()


def tell(outcome, _scenario):
    """In place of what is known of this wrapper."""
    return outcome | {"versions": {"runtime": version_of("curl")}}


answer(None, download, tell)

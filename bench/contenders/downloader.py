"""A command-line downloader: the list in a file of its own format, one process for all of it."""

import os

from child import run, version_of
from protocol import answer


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


def save(scenario, _clock):
    """Run the program to its end and say what that took."""
    command_of = COMMANDS[scenario["options"]["program"]]
    folder = scenario["folder"]
    # Beside the folder and not in it: the harness removes both.
    list_file = os.path.join(os.path.dirname(folder), "list")
    command = command_of(scenario["links"], folder, scenario["concurrency"], list_file)
    # It must not write on when a run is stopped.
    return run(command, tied=True)


def tell(usage, scenario):
    """In place of what is known of this wrapper."""
    return usage | {"versions": {"runtime": version_of(scenario["options"]["program"])}}


answer(None, save, tell)

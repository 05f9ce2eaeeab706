"""What the contenders of many requests have in common: addresses from a generator, warm-up, a tally in place of a list.

Knows nothing of how a contender downloads.
"""

import asyncio
import ssl
import sys

from protocol import answer, versions_with


def address_of(urls):
    """The function that makes the address of a request from its index and its query."""
    shortest, lengths = urls["shortest"], urls["lengths"]
    if "hosts" in urls:
        port = urls["hosts"]
        return lambda index, query: (
            f"https://127.1.{index >> 8}.{index & 255}:{port}/bytes/{shortest + index % lengths}?{query}"
        )
    base = urls["base"]
    return lambda index, query: f"{base}/bytes/{shortest + index % lengths}?{query}"


def requests_of(scenario):
    """Index and address of each request, when the next is asked for: nobody holds the list."""
    address = address_of(scenario["urls"])
    for index in range(scenario["requests"]):
        yield index, address(index, index)


def warm_requests_of(scenario):
    """What is asked for before the clock starts."""
    address = address_of(scenario["urls"])
    for index in range(scenario.get("warm", 0)):
        yield index, address(index, f"w{index}")


class Tally:
    def __init__(self, keep):
        self.responses = 0
        self.statuses = {}
        self.bytes = 0
        self.checksum = 0
        self.kept = [] if keep else None

    def add(self, index, status, body):
        """A body read to its end, as the library gave it. It is dropped, or held until the clock has stopped."""
        if self.kept is not None:
            self.kept.append(body)
        self.count(index, status, len(body))

    def count(self, index, status, size):
        self.responses += 1
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.bytes += size
        self.checksum += (index + 1) * size

    def told(self):
        return {name: value for name, value in vars(self).items() if name != "kept"}


def passes(scenario, tally, clock):
    """Warm requests, where there are any, then the measured ones: each time these and the tally that they belong in."""
    if scenario.get("warm"):
        yield warm_requests_of(scenario), Tally(keep=False)
        clock.start()
    yield requests_of(scenario), tally
    clock.stop()


def contend_many(library, download, speaks=("1.1",), engine=None):
    """Run download(scenario, passes), which goes through the passes over one client, and print the report.

    speaks: the versions of HTTP that it can be held to; engine: what works inside of the library, with its version.
    """

    def work(scenario, clock):
        if scenario.get("http", "1.1") not in speaks:
            sys.exit(f"error: {library} cannot be held to HTTP/{scenario['http']} here")
        tally = Tally(scenario.get("keep", False))
        download(scenario, passes(scenario, tally, clock))
        return tally

    def tell(tally, scenario):
        more = {"engine": engine, "loop": version_of_loop(scenario)}
        versions = versions_with(library) | {name: value for name, value in more.items() if value}
        return {"tally": tally.told(), "versions": versions}

    answer(library, work, tell)


def contend_async(library, download, speaks=("1.1",)):
    """The same for a coroutine, in the event loop that the options ask for."""

    def run(scenario, its_passes):
        loop_of(scenario).run(download(scenario, its_passes))

    contend_many(library, run, speaks)


def loop_of(scenario):
    if scenario["options"].get("loop") != "uvloop":
        return asyncio
    import uvloop

    return uvloop


def version_of_loop(scenario):
    loop = scenario["options"].get("loop")
    return versions_with(loop)["library"] if loop else None


async def by_workers(get, scenario, requests, tally):
    """As many workers as may be in flight share one generator. get(index, url, tally) is one request."""

    async def work():
        for index, url in requests:
            await get(index, url, tally)

    await asyncio.gather(*(work() for _ in range(scenario["concurrency"])))


def trust_of(scenario):
    """For libraries on Python's own TLS: the one certificate, or True, by which they mean what they trust anyway."""
    return ssl.create_default_context(cadata=scenario["ca"]) if "ca" in scenario else True

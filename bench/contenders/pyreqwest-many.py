"""pyreqwest, many requests over one asynchronous client, by as many workers as may be in flight."""

import os

from pyreqwest.client import ClientBuilder

from many import by_workers, contend_async


def client_of(scenario):
    builder = ClientBuilder().max_connections(scenario["concurrency"]).http2(scenario.get("http") == "2")
    if "ca" in scenario:
        builder = builder.add_root_certificate_pem(scenario["ca"].encode())
    return builder.build()


async def download(scenario, passes):
    async with client_of(scenario) as client:

        async def get(index, url, tally):
            response = await client.get(url).build().send()
            tally.add(index, response.status, await response.bytes())

        for requests, tally in passes:
            await by_workers(get, scenario, requests, tally)


contend_async("pyreqwest", download, speaks=("1.1", "2"))

# The answer is out. When the interpreter takes itself down, a thread of the library may still be giving back the GIL, and
# the process aborts: once in thirty runs.
os._exit(0)

"""aiohttp: one session over a connector of ten connections, all tasks created at once and gathered.

As the article published it: an exception of a task is among the gathered results and nobody looks at it.
"""

import asyncio
import ssl

import aiohttp

from protocol import contend


async def fetch(session, link, answers, clock):
    start = clock()
    async with session.get(link["url"]) as response:
        head = clock()
        body = await response.text()
    end = clock()
    answers.append(
        {
            "index": link["index"],
            "status": response.status,
            "body": body,
            "startMs": start,
            "endMs": end,
            "phases": {"firstByte": head - start, "download": end - head},
        }
    )


async def gather(scenario, clock):
    answers = []
    trust = ssl.create_default_context(cafile=scenario["ca"])
    connector = aiohttp.TCPConnector(limit=scenario["concurrency"], ssl=trust)
    async with aiohttp.ClientSession(connector=connector) as session:
        tasks = [asyncio.create_task(fetch(session, link, answers, clock)) for link in scenario["links"]]
        await asyncio.gather(*tasks, return_exceptions=True)
    return answers


def download(scenario, clock):
    return asyncio.run(gather(scenario, clock))


contend("aiohttp", download)

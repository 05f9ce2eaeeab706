"""aiohttp, many requests over one session.

Two ways: as many workers as may be in flight over one generator; or all tasks at once behind a semaphore, as the
write-up does that the article links to.
"""

import asyncio

import aiohttp

from many import by_workers, contend_async, trust_of


async def by_tasks(get, scenario, requests, tally):
    semaphore = asyncio.Semaphore(scenario["concurrency"])

    async def bound(index, url):
        async with semaphore:
            await get(index, url, tally)

    await asyncio.gather(*[asyncio.create_task(bound(index, url)) for index, url in requests])


WAYS = {"workers": by_workers, "tasks": by_tasks}


async def download(scenario, passes):
    way = WAYS[scenario["options"]["way"]]
    connector = aiohttp.TCPConnector(limit=scenario["concurrency"], ssl=trust_of(scenario))
    async with aiohttp.ClientSession(connector=connector) as session:

        async def get(index, url, tally):
            async with session.get(url) as response:
                tally.add(index, response.status, await response.read())

        for requests, tally in passes:
            await way(get, scenario, requests, tally)


contend_async("aiohttp", download)

"""aiohttp, a million requests over one session.

Two ways: as many workers as may be in flight over one generator; or all tasks at once behind a semaphore, as the write-up
does that the article links to.
"""

import asyncio

import aiohttp

from many import contend_many, requests_of


async def get(session, index, url, tally):
    async with session.get(url) as response:
        body = await response.read()
    tally.add(index, response.status, len(body))


async def by_workers(session, scenario, tally):
    requests = requests_of(scenario)

    async def work():
        for index, url in requests:
            await get(session, index, url, tally)

    await asyncio.gather(*(work() for _ in range(scenario["concurrency"])))


async def by_tasks(session, scenario, tally):
    semaphore = asyncio.Semaphore(scenario["concurrency"])

    async def bound(index, url):
        async with semaphore:
            await get(session, index, url, tally)

    tasks = [asyncio.create_task(bound(index, url)) for index, url in requests_of(scenario)]
    await asyncio.gather(*tasks)


WAYS = {"workers": by_workers, "tasks": by_tasks}


async def session_of(scenario, tally):
    connector = aiohttp.TCPConnector(limit=scenario["concurrency"])
    async with aiohttp.ClientSession(connector=connector) as session:
        await WAYS[scenario["options"]["way"]](session, scenario, tally)


def download(scenario, tally):
    asyncio.run(session_of(scenario, tally))


contend_many("aiohttp", download)

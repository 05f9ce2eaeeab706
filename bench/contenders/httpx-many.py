"""httpx, many requests over one AsyncClient, by as many workers as may be in flight."""

import httpx

from many import by_workers, contend_async, trust_of


async def download(scenario, passes):
    most = scenario["concurrency"]
    limits = httpx.Limits(max_connections=most, max_keepalive_connections=most)
    http2 = scenario.get("http") == "2"
    async with httpx.AsyncClient(http2=http2, limits=limits, verify=trust_of(scenario)) as client:

        async def get(index, url, tally):
            response = await client.get(url)
            tally.add(index, response.status_code, response.content)

        for requests, tally in passes:
            await by_workers(get, scenario, requests, tally)


contend_async("httpx", download, speaks=("1.1", "2"))

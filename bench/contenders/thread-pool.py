"""A ThreadPoolExecutor, each of its threads with a Session of its own."""

from concurrent.futures import ThreadPoolExecutor

from blocking import fetch, thread_session
from protocol import contend


def download(scenario, clock):
    def work(link):
        return fetch(thread_session().get, link, scenario, clock)

    with ThreadPoolExecutor(max_workers=scenario["concurrency"]) as executor:
        return list(executor.map(work, scenario["links"]))


contend("requests", download)

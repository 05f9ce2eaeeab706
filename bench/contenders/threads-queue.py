"""Threads that take links from one unbounded queue, each with a Session of its own.

`endless` as the article published it: the threads wait for more links for ever, so the process never ends. Mended,
each gets a None at the end.
"""

from queue import Queue
from threading import Thread

from blocking import fetch, thread_session
from protocol import contend


def download(scenario, clock):
    links, answers = Queue(), []

    def work():
        while (link := links.get()) is not None:
            answers.append(fetch(thread_session().get, link, scenario, clock))
            links.task_done()

    for link in scenario["links"]:
        links.put(link)
    for _ in range(scenario["concurrency"]):
        Thread(target=work).start()
    links.join()
    if not scenario["options"]["endless"]:
        for _ in range(scenario["concurrency"]):
            links.put(None)
    return answers


contend("requests", download)

"""pycurl, many requests over one CurlMulti, by as many easy handles as may be in flight, which are used again.

`perform` on all of them and not `socket_action` on each socket that epoll tells of: that calls back into Python
whenever a request starts or ends, and cost as much or more, from 10 to 512 in flight.
"""

import pycurl

from many import contend_many

HTTP_VERSIONS = {"1.1": pycurl.CURL_HTTP_VERSION_1_1, "2": pycurl.CURL_HTTP_VERSION_2TLS}
LONGEST_WAIT = 1.0


class Slot:
    """One easy handle, the request it is at, and what has come of it."""

    def __init__(self, scenario):
        self.keep = scenario.get("keep", False)
        self.easy = easy = pycurl.Curl()
        easy.slot = self
        easy.setopt(pycurl.NOSIGNAL, 1)
        easy.setopt(pycurl.HTTP_VERSION, HTTP_VERSIONS[scenario.get("http", "1.1")])
        # Over HTTP/2 this is what makes requests share a connection from the first one on.
        easy.setopt(pycurl.PIPEWAIT, 1)
        easy.setopt(pycurl.WRITEFUNCTION, self.hold if self.keep else self.count)
        if "ca" in scenario:
            easy.setopt(pycurl.CAINFO_BLOB, scenario["ca"])

    def ask(self, index, url):
        self.index, self.size, self.chunks = index, 0, []
        self.easy.setopt(pycurl.URL, url)

    def count(self, chunk):
        self.size += len(chunk)

    def hold(self, chunk):
        self.chunks.append(chunk)

    def add_to(self, tally):
        status = self.easy.getinfo(pycurl.RESPONSE_CODE)
        if self.keep:
            tally.add(self.index, status, b"".join(self.chunks))
        else:
            tally.count(self.index, status, self.size)


def run(multi, slots, requests, tally):
    free = list(slots)
    while start(multi, free, requests) or len(free) < len(slots):
        multi.perform()
        done = finished(multi)
        for easy in done:
            multi.remove_handle(easy)
            easy.slot.add_to(tally)
            free.append(easy.slot)
        if not done:
            multi.select(LONGEST_WAIT)


def start(multi, free, requests):
    """Give each free slot a request, as long as there are any."""
    started = 0
    while free and (request := next(requests, None)):
        slot = free.pop()
        slot.ask(*request)
        multi.add_handle(slot.easy)
        started += 1
    return started


def finished(multi):
    _, done, failed = multi.info_read()
    if failed:
        _, code, message = failed[0]
        raise pycurl.error(code, message)
    return done


def download(scenario, passes):
    most = scenario["concurrency"]
    multi = pycurl.CurlMulti()
    multi.setopt(pycurl.M_MAX_TOTAL_CONNECTIONS, most)
    multi.setopt(pycurl.M_MAXCONNECTS, most)
    slots = [Slot(scenario) for _ in range(most)]
    for requests, tally in passes:
        run(multi, slots, requests, tally)


contend_many("pycurl", download, speaks=HTTP_VERSIONS, engine=f"libcurl {pycurl.version_info()[1]}")

"""One link by a blocking `get` of the requests package, and a Session for each thread that asks for one."""

import threading

import requests

_local = threading.local()


def thread_session():
    if not hasattr(_local, "session"):
        _local.session = requests.Session()
    return _local.session


def fetch(get, link, scenario, clock):
    start = clock()
    # Given with each request: on a Session, REQUESTS_CA_BUNDLE of the environment would win.
    with get(link["url"], verify=scenario["ca"] or True) as response:
        body = response.content
    end = clock()
    first_byte = response.elapsed.total_seconds() * 1000
    return {
        "index": link["index"],
        "status": response.status_code,
        "body": body,
        "startMs": start,
        "endMs": end,
        "phases": {"firstByte": first_byte, "download": end - start - first_byte},
    }

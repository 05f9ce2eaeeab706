"""One link after another: `requests.get`, which opens a connection each time, or one Session, which keeps them."""

import requests

from blocking import fetch
from protocol import contend


def download(scenario, clock):
    get = requests.Session().get if scenario["options"]["session"] else requests.get
    return [fetch(get, link, scenario, clock) for link in scenario["links"]]


contend("requests", download)

"""What the contenders of the million have in common: addresses from a generator, and a tally in place of a list of answers."""

from protocol import answer


def requests_of(scenario):
    """Index and address of each request, when the next is asked for: nobody holds the list."""
    base, shortest, lengths = (scenario["urls"][name] for name in ("base", "shortest", "lengths"))
    for index in range(scenario["requests"]):
        yield index, f"{base}/bytes/{shortest + index % lengths}?{index}"


class Tally:
    def __init__(self):
        self.responses = 0
        self.statuses = {}
        self.bytes = 0
        self.checksum = 0

    def add(self, index, status, size):
        self.responses += 1
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.bytes += size
        self.checksum += (index + 1) * size


def contend_many(library, download):
    """Run download(scenario, tally) against the clock and print the report."""

    def work(scenario, _clock):
        tally = Tally()
        download(scenario, tally)
        return tally

    answer(library, work, lambda tally, _scenario: {"tally": vars(tally)})

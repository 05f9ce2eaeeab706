//! What a run has come to so far at each host, in numbers. There may be one host with millions of requests, or 100,000 with one each.

use std::collections::HashMap;
use std::time::Duration;

use hdrhistogram::Histogram;

/// Latencies of a host that are kept as they are. From then on they are counted in a histogram.
const EXACT: usize = 32;

/// Hosts whose histograms are exact to one percent, with up to 10 KiB each. Those of further hosts are exact to seven percent, with
/// an eighth of that: all of them would take a gigabyte where there are 100,000.
const PRECISE: usize = 1_000;

/// One host in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostStats {
    /// Requests that went there: first ones, retries and hops of redirects.
    pub requests: u64,
    /// Items that ended there with status 200 to 299, and nothing went wrong.
    pub ok: u64,
    /// All others that ended there.
    pub failed: u64,
    /// Requests that were sent again.
    pub retries: u64,
    /// Decoded bytes of bodies.
    pub bytes: u64,
    /// Half of the items took at most this long, of those that were sent.
    pub p50: Duration,
    /// Ninety-nine of a hundred.
    pub p99: Duration,
    /// For how long it asked to be left alone, in all.
    pub paused: Duration,
}

/// An item that ended at a host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    /// Status 200 to 299, and nothing went wrong.
    pub(crate) is_ok: bool,
    /// Requests to this host that are not counted yet.
    pub(crate) requests: u64,
    /// Those of them that were sent again.
    pub(crate) retries: u64,
    /// Decoded bytes of the body.
    pub(crate) bytes: u64,
    /// How long it took, without waiting for permits. `None` if it was never sent.
    pub(crate) took: Option<Duration>,
}

/// Counts outcomes by host. Keys are `name:port` without the scheme's default port: the [`authority`] of a URL's text.
#[derive(Debug, Default)]
pub(crate) struct HostTally {
    /// Names come from servers too, by redirects: the standard hasher cannot be made to collide.
    hosts: HashMap<Box<str>, Host>,
    histograms: usize,
}

/// Numbers are as narrow as they may be, since most hosts have few requests. A run has no more items than a `u32` counts, and what
/// could be more ends at the highest number.
#[derive(Debug, Default)]
struct Host {
    bytes: u64,
    requests: u32,
    ok: u32,
    failed: u32,
    retries: u32,
    latencies: Latencies,
}

/// In microseconds.
#[derive(Debug)]
enum Latencies {
    Few(Vec<u32>),
    Many(Box<Histogram<u32>>),
}

impl HostTally {
    /// Counts an item that ended at `host`.
    pub(crate) fn add(&mut self, host: &str, ended: Ended) {
        let digits = if self.histograms < PRECISE { 2 } else { 1 };
        let has_histogram = self.change(host, |host| host.add(ended, digits));
        self.histograms += usize::from(has_histogram);
    }

    /// Counts requests to `host`, and those of them that were sent again, that ended in a redirect away from it.
    pub(crate) fn count_requests(&mut self, host: &str, (requests, retries): (u64, u64)) {
        self.change(host, |host| {
            raise(&mut host.requests, requests);
            raise(&mut host.retries, retries);
        });
    }

    /// Hosts that were counted at.
    pub(crate) fn len(&self) -> usize {
        self.hosts.len()
    }

    /// Every host that was counted, in no order.
    pub(crate) fn stats(&self) -> impl Iterator<Item = (&str, HostStats)> {
        self.hosts
            .iter()
            .map(|(name, host)| (&**name, host.stats()))
    }

    fn change<R>(&mut self, name: &str, change: impl FnOnce(&mut Host) -> R) -> R {
        // The name is copied for a new host alone.
        match self.hosts.get_mut(name) {
            Some(host) => change(host),
            None => change(self.hosts.entry(name.into()).or_default()),
        }
    }
}

impl Host {
    /// Whether a histogram was begun for it.
    fn add(&mut self, ended: Ended, digits: u8) -> bool {
        let counter = if ended.is_ok {
            &mut self.ok
        } else {
            &mut self.failed
        };
        raise(counter, 1);
        raise(&mut self.requests, ended.requests);
        raise(&mut self.retries, ended.retries);
        self.bytes = self.bytes.saturating_add(ended.bytes);
        ended
            .took
            .is_some_and(|took| self.latencies.add(micros(took), digits))
    }

    fn stats(&self) -> HostStats {
        let (p50, p99) = self.latencies.percentiles();
        HostStats {
            requests: self.requests.into(),
            ok: self.ok.into(),
            failed: self.failed.into(),
            retries: self.retries.into(),
            bytes: self.bytes,
            p50: Duration::from_micros(p50),
            p99: Duration::from_micros(p99),
            // Whoever pauses hosts knows.
            paused: Duration::ZERO,
        }
    }
}

impl Default for Latencies {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Latencies {
    /// Whether a histogram was begun.
    fn add(&mut self, latency: u64, digits: u8) -> bool {
        match self {
            Self::Few(few) => match u32::try_from(latency) {
                Ok(latency) if few.len() < EXACT => few.push(latency),
                // More than an hour has no place among the few.
                _ => {
                    let all = few.iter().map(|&few| few.into()).chain([latency]);
                    *self = Self::Many(Box::new(histogram(all, digits)));
                    return true;
                }
            },
            Self::Many(histogram) => record(histogram, latency),
        }
        false
    }

    /// By nearest rank, as the histogram does it.
    fn percentiles(&self) -> (u64, u64) {
        match self {
            Self::Few(few) => {
                let mut sorted = few.clone();
                sorted.sort_unstable();
                let percentile = |percent: usize| {
                    let rank = (sorted.len() * percent).div_ceil(100);
                    let place = rank.checked_sub(1)?;
                    sorted.get(place).map(|&latency| u64::from(latency))
                };
                let or_none = |percent| percentile(percent).unwrap_or_default();
                (or_none(50), or_none(99))
            }
            Self::Many(histogram) => (
                histogram.value_at_quantile(0.5),
                histogram.value_at_quantile(0.99),
            ),
        }
    }
}

fn histogram(latencies: impl Iterator<Item = u64>, digits: u8) -> Histogram<u32> {
    // The digits are constants that the library accepts.
    let mut histogram =
        Histogram::new(digits).unwrap_or_else(|_| unreachable!("0 to 5 digits are valid"));
    latencies.for_each(|latency| record(&mut histogram, latency));
    histogram
}

fn record(histogram: &mut Histogram<u32>, latency: u64) {
    // It grows with the values; one that is out of all bounds is left out.
    let _ = histogram.record(latency);
}

fn raise(counter: &mut u32, by: u64) {
    *counter = counter.saturating_add(u32::try_from(by).unwrap_or(u32::MAX));
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The authority in the text of an http(s) URL as the `url` crate serialises it: a default port is gone already, and it must have no
/// credentials. `None` for any other text; one that was never parsed may pass.
pub(crate) fn authority(url: &str) -> Option<&str> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    // Credentials would be shown as the name of a host.
    let is_one = |b: u8| b.is_ascii_graphic() && !b.is_ascii_uppercase() && b != b'@';
    (!authority.is_empty() && authority.bytes().all(is_one)).then_some(authority)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::{Position, Url};

    use super::*;

    fn ok(took: Duration) -> Ended {
        Ended {
            is_ok: true,
            requests: 1,
            retries: 0,
            bytes: 10,
            took: Some(took),
        }
    }

    fn stats_of(tally: &HostTally, name: &str) -> HostStats {
        let found = tally.stats().find(|(host, _)| *host == name);
        found.expect("it was counted").1
    }

    fn tally_of(latencies: impl IntoIterator<Item = u64>) -> HostTally {
        let mut tally = HostTally::default();
        for latency in latencies {
            tally.add("a.test", ok(Duration::from_micros(latency)));
        }
        tally
    }

    fn nearest_rank(latencies: &mut [u64], percent: usize) -> u64 {
        latencies.sort_unstable();
        latencies[(latencies.len() * percent).div_ceil(100) - 1]
    }

    /// `shown` is `actual`, or above it by no more than `parts` allow.
    fn is_near(shown: Duration, actual: u64, parts: u64) -> bool {
        (actual..=actual + actual / parts).contains(&micros(shown))
    }

    #[test]
    fn each_host_is_counted_by_itself() {
        let mut tally = HostTally::default();
        tally.add("a.test", ok(Duration::from_millis(5)));
        tally.add(
            "a.test",
            Ended {
                is_ok: false,
                requests: 3,
                retries: 2,
                ..ok(Duration::from_millis(15))
            },
        );
        tally.add("a.test:8080", ok(Duration::from_millis(7)));
        tally.count_requests("b.test", (2, 1));
        let a = HostStats {
            requests: 4,
            ok: 1,
            failed: 1,
            retries: 2,
            bytes: 20,
            p50: Duration::from_millis(5),
            p99: Duration::from_millis(15),
            paused: Duration::ZERO,
        };
        assert_eq!(stats_of(&tally, "a.test"), a);
        assert_eq!(stats_of(&tally, "a.test:8080").requests, 1);
        let b = HostStats {
            requests: 2,
            retries: 1,
            ..HostStats::default()
        };
        assert_eq!(stats_of(&tally, "b.test"), b);
        assert_eq!(tally.stats().count(), 3);
    }

    #[test]
    fn an_item_that_was_never_sent_has_no_latency() {
        let mut tally = HostTally::default();
        let unsent = Ended {
            is_ok: false,
            requests: 0,
            took: None,
            ..ok(Duration::ZERO)
        };
        tally.add("a.test", unsent);
        tally.add("a.test", ok(Duration::from_secs(3)));
        let stats = stats_of(&tally, "a.test");
        assert_eq!((stats.ok, stats.failed, stats.requests), (1, 1, 1));
        assert_eq!(stats.p50, Duration::from_secs(3));
    }

    #[test]
    fn a_latency_of_hours_is_kept() {
        for before in [0, 5, 100] {
            let hours = 5 * 3_600 * 1_000_000;
            let tally = tally_of(std::iter::repeat_n(1_000, before).chain([hours]));
            assert!(is_near(
                stats_of(&tally, "a.test").p99,
                if before < 100 { hours } else { 1_000 },
                100
            ));
        }
    }

    #[test]
    fn numbers_end_at_the_highest() {
        let mut tally = HostTally::default();
        for _ in 0..3 {
            let most = Ended {
                requests: u64::MAX,
                retries: u64::MAX,
                bytes: u64::MAX,
                ..ok(Duration::MAX)
            };
            tally.add("a.test", most);
        }
        let stats = stats_of(&tally, "a.test");
        assert_eq!((stats.ok, stats.bytes), (3, u64::MAX));
        assert_eq!(stats.requests, u64::from(u32::MAX));
    }

    #[test]
    fn a_host_with_one_request_is_small() {
        // Right after it has grown, the table has seven hosts in sixteen places, with a byte of its own for each. The smallest
        // piece of memory that an allocator hands out is 32 bytes: the latencies.
        let place = size_of::<(Box<str>, Host)>() + 1;
        assert!(place * 16 / 7 + 32 < 200, "{place}");
        let tally = tally_of([1]);
        let Some(Latencies::Few(few)) = tally.hosts.values().map(|host| &host.latencies).next()
        else {
            panic!("one is few");
        };
        assert!(few.capacity() <= 4);
    }

    #[test]
    fn histograms_are_coarser_where_there_are_many() {
        let mut tally = HostTally::default();
        for host in 0..PRECISE + 10 {
            for _ in 0..=EXACT {
                tally.add(&host.to_string(), ok(Duration::from_millis(1_234)));
            }
        }
        assert_eq!(tally.histograms, PRECISE + 10);
        assert!(is_near(stats_of(&tally, "0").p50, 1_234_000, 100));
        let last = (PRECISE + 9).to_string();
        assert!(is_near(stats_of(&tally, &last).p50, 1_234_000, 15));
        let bytes = |name: &str| match &tally.hosts[name].latencies {
            Latencies::Few(_) => panic!("they are many"),
            Latencies::Many(histogram) => 4 * histogram.distinct_values(),
        };
        assert!(bytes("0") < 10 * 1_024, "{}", bytes("0"));
        assert!(bytes(&last) < 1_280, "{}", bytes(&last));
    }

    #[test]
    fn the_authority_is_what_the_text_begins_with() {
        for (url, expected) in [
            ("http://a.test/", Some("a.test")),
            ("https://a.test:8443/x?y#z", Some("a.test:8443")),
            ("http://[::1]:8080/@", Some("[::1]:8080")),
            (
                "http://xn--bcher-kva.example/",
                Some("xn--bcher-kva.example"),
            ),
            ("http://a.test", Some("a.test")),
            ("https://a.test?http://b.test/", Some("a.test")),
            ("http://user:secret@a.test/", None),
            ("http:///x", None),
            ("http://", None),
            ("http://A.test/", None),
            ("http://a b/", None),
            ("http://b\u{fc}cher.example/", None),
            ("ftp://a.test/", None),
            ("a.test/", None),
            ("", None),
        ] {
            assert_eq!(authority(url), expected, "{url}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn percentiles_are_of_the_nearest_rank(
            mut latencies in prop::collection::vec(prop_oneof![0..2_000_u64, 0..10_000_000_000_u64], 1..3 * EXACT),
        ) {
            let tally = tally_of(latencies.iter().copied());
            let is_exact = latencies.len() <= EXACT && latencies.iter().all(|&one| u32::try_from(one).is_ok());
            let stats = stats_of(&tally, "a.test");
            for (shown, percent) in [(stats.p50, 50), (stats.p99, 99)] {
                let actual = nearest_rank(&mut latencies, percent);
                let parts = if is_exact { u64::MAX } else { 100 };
                prop_assert!(is_near(shown, actual, parts), "{shown:?} for {actual}");
            }
        }

        #[test]
        fn the_authority_is_the_one_that_the_parser_finds(
            text in "(https?|HTTP)://([a-zA-Z\u{fc}\u{df}0-9.%_~!$&'()*+,;=-]{1,12}|\\[::[0-9a-f]{1,4}\\])(:(80|443|[0-9]{0,5}))?[/?#\\\\]?[a-z@:/?#]{0,8}",
        ) {
            let Ok(mut url) = Url::parse(&text) else { return Ok(()) };
            prop_assert!(url.set_username("").is_ok() && url.set_password(None).is_ok());
            let expected = &url[Position::BeforeHost..Position::AfterPort];
            prop_assert_eq!(authority(url.as_str()), Some(expected));
        }
    }
}

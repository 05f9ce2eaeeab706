//! Which hosts a caller's rule is for, and which of several rules holds for a URL. Names are compared as the WHATWG URL
//! standard writes them: in lower case, in their IDNA form (UTS 46), addresses in their shortest.

use std::collections::HashMap;
use std::fmt;

use url::{Host, Url};

use crate::credentials::shown;
use crate::error::{Code, Error};

/// The longest name there can be, in bytes (RFC 1035 §2.3.4).
const MAX_NAME_LENGTH: usize = 253;

/// Which origins a rule is for: `api.example.com` (any port), `host:8080`, `[::1]:8080`, `*.example.com` (every name below
/// it, however deep, and not itself), `*.example.com:8443`, `*` (every host). Names compare without regard to case and in
/// their IDNA form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPattern {
    hosts: Hosts,
    /// `None` is every port.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Hosts {
    All,
    /// Those below this name.
    Below(Box<str>),
    /// This name or address, the latter as URLs have it.
    One(Box<str>),
}

impl HostPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`Code::InvalidArgValue`] for text that is none, with what to write in place of a URL.
    pub fn parse(text: &str) -> Result<HostPattern, Error> {
        read(text).ok_or_else(|| {
            let url = Url::parse(text).ok();
            let host = url.as_ref().map(authority).filter(|host| read(host).is_some());
            let hint = match host {
                Some(host) => format!("a URL: write '{host}'"),
                None => "none: write 'api.example.com', 'host:8080', '[::1]:8080', '*.example.com' or '*'".into(),
            };
            // A URL may have credentials.
            let detail = format!("the host pattern '{}' is {hint}", shown(text));
            Error::new(Code::InvalidArgValue, detail)
        })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.hosts {
            Hosts::All => f.write_str("*"),
            Hosts::Below(name) => write!(f, "*.{name}"),
            Hosts::One(host) => f.write_str(host),
        }?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// Host and port of `url` as a pattern.
fn authority(url: &Url) -> &str {
    &url[url::Position::BeforeHost..url::Position::AfterPort]
}

fn read(text: &str) -> Option<HostPattern> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(read_port(port)?)),
        _ => (text, None),
    };
    let hosts = match (host, host.strip_prefix("*.")) {
        ("*", _) => Hosts::All,
        // Addresses have nothing below them.
        (_, Some(name)) => Hosts::Below(read_host(name).filter(|host| !is_address(host))?),
        (host, None) => Hosts::One(read_host(host)?),
    };
    Some(HostPattern { hosts, port })
}

fn read_port(text: &str) -> Option<u16> {
    // A sign is a number to the standard library.
    let is_digits = text.bytes().all(|b| b.is_ascii_digit());
    is_digits
        .then(|| text.parse().ok())
        .flatten()
        .filter(|&port| port != 0)
}

fn read_host(text: &str) -> Option<Box<str>> {
    // Names in other scripts are longer than they will be.
    if text.len() > 4 * MAX_NAME_LENGTH {
        return None;
    }
    let host = Host::parse(text).ok()?.to_string();
    let name = without_dot(&host);
    let is_name = name.len() <= MAX_NAME_LENGTH
        && !name.contains('*')
        && name.split('.').all(|label| !label.is_empty());
    is_name.then(|| name.into())
}

fn is_address(host: &str) -> bool {
    !matches!(Host::parse(host), Ok(Host::Domain(_)))
}

/// `name` without the dot that ends it where it is written in full: it is the same name.
fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// Rules by pattern. Of those that match, the more specific ones go first: name and port, name, then the longest wildcard, each
/// with its port before without. Finding it costs as much as the name has labels, however many rules there are.
#[derive(Clone, Debug)]
pub struct HostRules<R> {
    /// In the order in which they came.
    rules: Vec<(HostPattern, R)>,
    all: Ports,
    below: HashMap<Box<str>, Ports>,
    one: HashMap<Box<str>, Ports>,
    /// The longest name in `below`, in bytes: a URL's may be far longer than any name that exists.
    longest_below: usize,
}

/// Places among the rules by their port.
type Ports = HashMap<Option<u16>, usize>;

impl<R> Default for HostRules<R> {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            all: HashMap::new(),
            below: HashMap::new(),
            one: HashMap::new(),
            longest_below: 0,
        }
    }
}

impl<R> HostRules<R> {
    /// No rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule, in place of the one of exactly this pattern.
    pub fn insert(&mut self, pattern: HostPattern, rule: R) {
        let next = self.rules.len();
        let ports = match &pattern.hosts {
            Hosts::All => &mut self.all,
            Hosts::Below(name) => {
                self.longest_below = self.longest_below.max(name.len());
                self.below.entry(name.clone()).or_default()
            }
            Hosts::One(host) => self.one.entry(host.clone()).or_default(),
        };
        let place = *ports.entry(pattern.port).or_insert(next);
        if place == next {
            self.rules.push((pattern, rule));
        } else {
            self.rules[place].1 = rule;
        }
    }

    /// The rules that match `url`, whose port is its scheme's if it has none. The most specific one comes first.
    pub fn matching(&self, url: &Url) -> impl Iterator<Item = &R> {
        let host = url.host_str().map(without_dot);
        let all = host.is_some().then_some(&self.all);
        let host = host.unwrap_or("");
        let port = url.port_or_known_default();
        let names_above = host
            .match_indices('.')
            .map(move |(dot, _)| &host[dot + 1..]);
        let wildcards = names_above
            .filter(|name| name.len() <= self.longest_below)
            .filter_map(|name| self.below.get(name));
        let named = self.one.get(host).into_iter().chain(wildcards);
        named.chain(all).flat_map(move |ports| {
            let own = port.and_then(|port| ports.get(&Some(port)));
            let places = own.into_iter().chain(ports.get(&None));
            places.map(|place| &self.rules[*place].1)
        })
    }

    /// The rule of exactly this pattern.
    pub fn get_same(&self, pattern: &HostPattern) -> Option<&R> {
        let ports = match &pattern.hosts {
            Hosts::All => &self.all,
            Hosts::Below(name) => self.below.get(name)?,
            Hosts::One(host) => self.one.get(host)?,
        };
        let place = *ports.get(&pattern.port)?;
        Some(&self.rules[place].1)
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// All rules, in the order in which their patterns first came.
    pub fn iter(&self) -> impl Iterator<Item = (&HostPattern, &R)> {
        self.rules.iter().map(|(pattern, rule)| (pattern, rule))
    }
}

#[cfg(any(fuzzing, test))]
impl HostPattern {
    /// How specific this pattern is among those that match `url`, if it does: what [`HostRules`] finds without asking each.
    pub(crate) fn rank(&self, url: &Url) -> Option<(usize, bool)> {
        let host = without_dot(url.host_str()?);
        let length = match &self.hosts {
            Hosts::All => 0,
            Hosts::Below(name) => host
                .strip_suffix(&**name)
                .is_some_and(|rest| rest.ends_with('.'))
                .then_some(name.len())?,
            Hosts::One(name) => (**name == *host).then_some(usize::MAX)?,
        };
        let is_port = self.port.is_none() || self.port == url.port_or_known_default();
        is_port.then_some((length, self.port.is_some()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> HostPattern {
        HostPattern::parse(text).expect(text)
    }

    fn rules(patterns: &[&'static str]) -> HostRules<&'static str> {
        let mut rules = HostRules::new();
        for text in patterns {
            rules.insert(pattern(text), *text);
        }
        rules
    }

    fn url(text: &str) -> Url {
        Url::parse(text).expect(text)
    }

    #[test]
    fn the_most_specific_rule_wins() {
        let mut patterns = [
            "*",
            "*:8443",
            "*.example.com",
            "*.example.com:8443",
            "*.b.example.com",
            "a.b.example.com",
            "a.b.example.com:8443",
        ];
        for _ in 0..patterns.len() {
            patterns.rotate_left(1);
            let rules = rules(&patterns);
            for (address, expected) in [
                ("http://other.test/", "*"),
                ("http://other.test:8443/", "*:8443"),
                ("http://example.com/", "*"),
                ("http://notexample.com/", "*"),
                ("http://example.com.evil.test/", "*"),
                ("http://x.example.com/", "*.example.com"),
                ("http://z.y.x.example.com/", "*.example.com"),
                ("http://x.example.com:8443/", "*.example.com:8443"),
                ("http://x.b.example.com:8443/", "*.b.example.com"),
                ("http://b.example.com:8443/", "*.example.com:8443"),
                ("http://a.b.example.com/", "a.b.example.com"),
                ("http://a.b.example.com:8443/", "a.b.example.com:8443"),
                ("http://c.a.b.example.com:8443/", "*.b.example.com"),
            ] {
                assert_eq!(
                    rules.matching(&url(address)).next(),
                    Some(&expected),
                    "{address}"
                );
            }
        }
    }

    #[test]
    fn names_are_compared_in_one_form() {
        let rules = rules(&[
            "A.Example",
            "b\u{fc}cher.example",
            "*.stra\u{df}e.example:80",
            "127.1",
            "[0:0::1]:8080",
            "d.example.",
        ]);
        for (address, expected) in [
            ("http://a.EXAMPLE./", "A.Example"),
            ("http://xn--bcher-kva.example/", "b\u{fc}cher.example"),
            ("http://B\u{dc}CHER.example/", "b\u{fc}cher.example"),
            (
                "http://x.xn--strae-oqa.example/",
                "*.stra\u{df}e.example:80",
            ),
            ("http://0x7f000001/", "127.1"),
            ("http://[::1]:8080/", "[0:0::1]:8080"),
            ("http://d.example/", "d.example."),
            ("http://d.example./", "d.example."),
        ] {
            assert_eq!(
                rules.matching(&url(address)).next(),
                Some(&expected),
                "{address}"
            );
        }
        assert_eq!(
            rules
                .matching(&url("https://x.xn--strae-oqa.example/"))
                .next(),
            None
        );
        assert_eq!(rules.matching(&url("http://[::1]/")).next(), None);
    }

    #[test]
    fn a_port_is_the_schemes_where_the_url_has_none() {
        let rules = rules(&["a.test:443", "a.test:80"]);
        assert_eq!(
            rules.matching(&url("https://a.test/")).next(),
            Some(&"a.test:443")
        );
        assert_eq!(
            rules.matching(&url("http://a.test/")).next(),
            Some(&"a.test:80")
        );
        assert_eq!(rules.matching(&url("http://a.test:81/")).next(), None);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        let long = format!("{}.test", "a".repeat(250));
        for text in [
            "",
            " ",
            ".",
            "*.",
            "**",
            "*a.test",
            "a.*.test",
            "*.*.test",
            "%2a.test",
            "a.test:",
            ":80",
            "a.test:0",
            "a.test:65536",
            "a.test:+80",
            "a.test:8 0",
            "::1",
            "[::1",
            "[::1]x",
            "a b",
            "a.test\n",
            ".a.test",
            "a..test",
            "*..test",
            "*.1",
            "*.127.0.0.1",
            "*.[::1]",
            "1.2.3.256",
            "user@a.test",
            "a.test/",
            "a.test/x",
            "a#b",
            "a?b",
            "xn--\u{fc}",
            &long,
        ] {
            let error = HostPattern::parse(text).expect_err(text);
            assert_eq!(error.code, Code::InvalidArgValue, "{text}");
            assert!(error.detail.len() < 500, "{error}");
        }
    }

    #[test]
    fn a_url_is_refused_with_what_to_write_instead_and_without_its_password() {
        let hint = |text| HostPattern::parse(text).expect_err(text).detail;
        assert!(hint("https://A.example/").ends_with("is a URL: write 'a.example'"));
        let detail = hint("http://user:secret@a.example:8080/x");
        assert!(
            detail.ends_with("is a URL: write 'a.example:8080'"),
            "{detail}"
        );
        assert!(!detail.contains("secret"), "{detail}");
        assert!(hint(&format!("http://{}", "a.".repeat(10_000))).len() < 500);
    }

    #[test]
    fn a_rule_replaces_the_one_of_its_pattern() {
        let mut rules = HostRules::new();
        assert!(rules.is_empty());
        rules.insert(pattern("a.test"), 1);
        rules.insert(pattern("*"), 2);
        rules.insert(pattern("A.TEST."), 3);
        assert_eq!(rules.get_same(&pattern("a.test")), Some(&3));
        assert_eq!(rules.get_same(&pattern("a.test:80")), None);
        assert_eq!(rules.get_same(&pattern("*.a.test")), None);
        let all: Vec<_> = rules.iter().map(|(p, r)| (p.to_string(), *r)).collect();
        assert_eq!(all, [("a.test".into(), 3), ("*".into(), 2)]);
    }

    #[test]
    fn an_endless_name_is_looked_up_like_any_other() {
        let rules = rules(&["*.test"]);
        let url = url(&format!("http://{}test/", "a.".repeat(10_000)));
        for _ in 0..20 {
            assert_eq!(rules.matching(&url).next(), Some(&"*.test"));
        }
    }

    fn host() -> impl Strategy<Value = String> {
        "([aB]\\.){0,3}(test|b\\.test|\u{fc}|127\\.0\\.0\\.1|\\[::1\\])\\.?"
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn the_rule_found_is_the_one_that_asking_each_finds(
            patterns in prop::collection::vec(
                (prop_oneof![Just(""), Just("*."), Just("*")], host(), prop_oneof![Just(""), Just(":80"), Just(":8080")]),
                0..12,
            ),
            host in host(),
            port in prop_oneof![Just(""), Just(":8080")],
        ) {
            let texts = patterns.into_iter().map(|(wild, host, port)| match wild {
                "*" => format!("*{port}"),
                wild => format!("{wild}{host}{port}"),
            });
            let mut rules = HostRules::new();
            for pattern in texts.filter_map(|text| HostPattern::parse(&text).ok()) {
                rules.insert(pattern.clone(), pattern);
            }
            let Ok(url) = Url::parse(&format!("http://{host}{port}/")) else { return Ok(()) };
            let expected = rules.iter().max_by_key(|(pattern, _)| pattern.rank(&url));
            let expected = expected.filter(|(pattern, _)| pattern.rank(&url).is_some());
            prop_assert_eq!(rules.matching(&url).next(), expected.map(|(_, rule)| rule));
        }

        #[test]
        fn a_pattern_is_read_as_it_is_shown(text in "(\\*\\.?)?[a-zA-Z0-9\u{fc}\u{df}.\\-%\\[\\]:]{0,16}(:[0-9]{0,5})?") {
            if let Ok(pattern) = HostPattern::parse(&text) {
                prop_assert_eq!(HostPattern::parse(&pattern.to_string()), Ok(pattern));
            }
        }
    }
}

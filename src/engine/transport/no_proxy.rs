//! The hosts that go through no proxy, in all the spellings of `NO_PROXY` that are about.

use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

/// The hosts that `NO_PROXY` names.
#[derive(Clone, Default)]
pub(super) struct Exceptions(Vec<Exception>);

impl Exceptions {
    /// Reads the value of the variable. What no host can match is passed over.
    pub(super) fn parse(no_proxy: &str) -> Self {
        Self(entries(no_proxy).filter_map(Exception::parse).collect())
    }

    /// Every URL is excepted.
    pub(super) fn are_everything(&self) -> bool {
        self.0.iter().any(Exception::is_everything)
    }

    /// `url` is excepted.
    pub(super) fn contain(&self, url: &Url) -> bool {
        self.0.iter().any(|exception| exception.matches(url))
    }
}

/// Spaces alone separate too, as they did in curl before 8.9.
fn entries(no_proxy: &str) -> impl Iterator<Item = &str> {
    let parts = no_proxy.split(|c: char| c == ',' || c.is_whitespace());
    parts.filter(|entry| !entry.is_empty())
}

/// An entry of `NO_PROXY`.
#[derive(Clone)]
struct Exception {
    hosts: Hosts,
    /// `None` is every port.
    port: Option<u16>,
}

#[derive(Clone)]
enum Hosts {
    All,
    Network(IpNet),
    /// This name and those below it, as URLs have them.
    Name(Box<str>),
}

impl Exception {
    /// `None` for an entry that no host can match.
    fn parse(entry: &str) -> Option<Self> {
        let is_address = entry.parse::<IpAddr>().is_ok();
        // curl knows no ports here. Others do, and so do those who write them.
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) if !is_address && port.bytes().all(|b| b.is_ascii_digit()) => {
                (host, Some(port.parse().ok()?))
            }
            _ => (entry, None),
        };
        let hosts = Hosts::parse(host)?;
        Some(Self { hosts, port })
    }

    fn is_everything(&self) -> bool {
        matches!(self.hosts, Hosts::All) && self.port.is_none()
    }

    fn matches(&self, url: &Url) -> bool {
        let is_port = self.port.is_none() || self.port == url.port_or_known_default();
        is_port && url.host().is_some_and(|host| self.hosts.contain(&host))
    }
}

impl Hosts {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Hosts::All);
        }
        // `/0` is every address of its family, where curl takes it for the one that is written.
        let bare = text.replace(['[', ']'], "");
        let network = bare.parse().or_else(|_| bare.parse().map(IpAddr::into));
        if let Ok(network) = network {
            return Some(Hosts::Network(canonical(network)));
        }
        // To curl, `*.example.com` is a name with an asterisk, which no host has: whoever writes it means this.
        let name = text.strip_prefix('*').filter(|name| name.starts_with('.'));
        let name = name.unwrap_or(text);
        match Host::parse(name.strip_prefix('.').unwrap_or(name)).ok()? {
            Host::Domain(name) => Some(Hosts::Name(name.trim_end_matches('.').into())),
            Host::Ipv4(address) => Some(Hosts::Network(IpAddr::from(address).into())),
            Host::Ipv6(_) => None,
        }
    }

    fn contain(&self, host: &Host<&str>) -> bool {
        match (self, host) {
            (Hosts::All, _) => true,
            (Hosts::Name(name), Host::Domain(host)) => host
                .trim_end_matches('.')
                .strip_suffix(&**name)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
            (Hosts::Network(network), Host::Ipv4(address)) => {
                network.contains(&IpAddr::from(*address))
            }
            (Hosts::Network(network), Host::Ipv6(address)) => {
                let address = IpAddr::from(*address);
                network.contains(&address) || network.contains(&address.to_canonical())
            }
            _ => false,
        }
    }
}

/// A network of IPv4 addresses that are written as IPv6 ones (`::ffff:127.0.0.1`) is one of IPv4 addresses.
fn canonical(network: IpNet) -> IpNet {
    let address = network.addr().to_canonical();
    let prefix = network.prefix_len().checked_sub(128 - 32);
    let prefix = prefix.filter(|_| address.is_ipv4());
    let mapped = prefix.and_then(|prefix| IpNet::new(address, prefix).ok());
    mapped.unwrap_or(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_excepted(no_proxy: &str, host: &str) -> bool {
        let exceptions = Exceptions::parse(no_proxy);
        assert_eq!(
            exceptions.are_everything(),
            no_proxy.ends_with('*'),
            "{no_proxy:?}"
        );
        let url = Url::parse(&format!("http://{host}/")).expect(host);
        exceptions.contain(&url)
    }

    #[test]
    fn no_proxy_excepts_hosts_in_all_their_spellings() {
        for (no_proxy, hosts) in [
            ("example.com", "example.com a.b.example.com example.com:81"),
            (".example.com", "example.com a.example.com"),
            ("*.example.com", "example.com a.example.com"),
            ("EXAMPLE.com", "example.COM"),
            (" a.test ,, b.test , ", "a.test b.test"),
            ("a.test b.test\tc.test", "a.test b.test c.test"),
            ("b\u{fc}cher.test", "xn--bcher-kva.test b\u{fc}cher.test"),
            ("xn--bcher-kva.test", "b\u{fc}cher.test"),
            ("my_host", "my_host"),
            // CVE-2025-62718 and CVE-2026-44492: other names of what is excepted.
            ("localhost", "localhost localhost. a.localhost."),
            ("localhost.", "localhost localhost. a.localhost"),
            (".localhost.", "localhost localhost. a.localhost"),
            ("127.0.0.1", "127.0.0.1 127.0.0.1. 0x7f.1 2130706433"),
            ("127.0.0.1", "[::ffff:127.0.0.1] [::ffff:7f00:1]"),
            ("127.0.0.1.", "127.0.0.1 [::ffff:127.0.0.1]"),
            ("127.1", "127.0.0.1"),
            ("::ffff:127.0.0.1", "127.0.0.1 [::ffff:127.0.0.1]"),
            ("[::ffff:127.0.0.1]", "127.0.0.1 [::ffff:127.0.0.1]"),
            ("::ffff:7f00:1", "127.0.0.1"),
            ("::1", "[::1] [0:0::0:1]"),
            ("[::1]", "[::1] [0:0::0:1]"),
            ("0:0:0:0:0:0:0:1", "[::1]"),
            ("FE80::A", "[fe80::a]"),
            ("10.0.0.0/8", "10.0.0.0 10.255.255.255 [::ffff:10.1.2.3]"),
            ("10.1.2.3/8", "10.0.0.1"),
            ("10.0.0.1/32", "10.0.0.1"),
            ("::ffff:10.0.0.0/104", "10.1.2.3 [::ffff:10.1.2.3]"),
            ("0.0.0.0/0", "10.1.2.3 [::ffff:10.1.2.3]"),
            ("::/0", "[2001:db8::1] [::ffff:10.1.2.3]"),
            ("fe80::/10", "[fe80::1] [febf::1]"),
            ("[fe80::]/10", "[fe80::1]"),
            ("localhost:80", "localhost"),
            ("localhost:81", "localhost:81 a.localhost:81"),
            ("[::1]:81", "[::1]:81"),
            ("10.0.0.0/8:81", "10.0.0.1:81"),
            ("*:81", "example.com:81 [::1]:81"),
            ("*", "example.com 10.0.0.1 [::1]:81"),
            ("a.test, *", "example.com"),
        ] {
            for host in hosts.split(' ') {
                assert!(is_excepted(no_proxy, host), "{no_proxy:?} {host}");
            }
        }
    }

    #[test]
    fn no_proxy_excepts_no_other_hosts() {
        for (no_proxy, hosts) in [
            ("", "example.com"),
            (" , ", "example.com"),
            (".", "example.com example.com."),
            ("..", "example.com example.com."),
            ("example.com", "notexample.com example.com.test com"),
            (".example.com", "notexample.com"),
            ("*.example.com", "notexample.com"),
            ("*example.com", "example.com notexample.com"),
            ("exam*.com", "example.com"),
            ("http://example.com", "example.com"),
            ("localhost", "127.0.0.1 [::1]"),
            ("127.0.0.1", "127.0.0.2 127.0.0.1.test [::1]"),
            ("0.0.1", "127.0.0.1"),
            ("::1", "127.0.0.1 0.0.0.1 [::2]"),
            ("10.0.0.0/8", "11.0.0.1 [::ffff:11.0.0.1] [a00::]"),
            ("10.0.0.0/33", "10.0.0.0"),
            ("10.0.0.0/-1", "10.0.0.0"),
            ("10.0.0.0/", "10.0.0.0"),
            ("10.0.0.0/x", "10.0.0.0"),
            ("fe80::/10", "[fec0::1]"),
            ("fe80::/129", "[fe80::]"),
            ("::ffff:0:0/96", "[::1]"),
            ("0.0.0.0/0", "[::1] example.com"),
            ("localhost:81", "localhost localhost:8"),
            ("localhost:", "localhost"),
            ("localhost:x", "localhost"),
            ("localhost:65616", "localhost"),
            ("[::1]:81", "[::1]"),
            ("*:81", "example.com"),
        ] {
            for host in hosts.split(' ') {
                assert!(!is_excepted(no_proxy, host), "{no_proxy:?} {host}");
            }
        }
    }
}

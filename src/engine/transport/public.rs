//! Which addresses are of the public internet, by the special-purpose registries of IANA. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::error::{Code, Error};

/// What is not public: an address and how many of its leading bits make the network.
///
/// A form that carries an IPv4 address (mapped, compatible, translated, 6to4, Teredo) is refused whatever it carries:
/// nobody publishes a host in it, and where it leads is for a gateway to say.
const NOT_PUBLIC: [(IpAddr, u32); 22] = [
    // This network.
    (v4(0, 0, 0, 0), 8),
    (v4(10, 0, 0, 0), 8),
    // Shared by the customers of a carrier.
    (v4(100, 64, 0, 0), 10),
    (v4(127, 0, 0, 0), 8),
    // Link-local, and the metadata of clouds.
    (v4(169, 254, 0, 0), 16),
    (v4(172, 16, 0, 0), 12),
    // Protocol assignments.
    (v4(192, 0, 0, 0), 24),
    // Documentation, as are 198.51.100.0 and 203.0.113.0.
    (v4(192, 0, 2, 0), 24),
    // Relays of 6to4.
    (v4(192, 88, 99, 0), 24),
    (v4(192, 168, 0, 0), 16),
    // Benchmarks.
    (v4(198, 18, 0, 0), 15),
    (v4(198, 51, 100, 0), 24),
    (v4(203, 0, 113, 0), 24),
    // Multicast.
    (v4(224, 0, 0, 0), 4),
    // Reserved, and broadcast.
    (v4(240, 0, 0, 0), 4),
    // Global unicast is 2000::/3; these three are all the rest. Below it: ::, ::1, IPv4 in ::/96, ::ffff:0:0/96 and
    // 64:ff9b::/32, discard (100::/64).
    (v6(0, 0), 3),
    // Segment routing (5f00::/16) and what is not assigned.
    (v6(0x4000, 0), 2),
    // Unique local (fc00::/7), link-local (fe80::/10), site-local (fec0::/10), multicast (ff00::/8).
    (v6(0x8000, 0), 1),
    // Protocol assignments: Teredo, ORCHID, benchmarks.
    (v6(0x2001, 0), 23),
    // Documentation, as is 3fff::.
    (v6(0x2001, 0x0db8), 32),
    // 6to4.
    (v6(0x2002, 0), 16),
    (v6(0x3fff, 0), 20),
];

const fn v4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

const fn v6(a: u16, b: u16) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0))
}

/// Whether anybody on the internet may reach `address`, as far as the address itself says.
fn is_public(address: IpAddr) -> bool {
    NOT_PUBLIC
        .iter()
        .all(|&(network, prefix)| !is_within(address, network, prefix))
}

fn is_within(address: IpAddr, network: IpAddr, prefix: u32) -> bool {
    let in_common = match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            (address.to_bits() ^ network.to_bits()).leading_zeros()
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            (address.to_bits() ^ network.to_bits()).leading_zeros()
        }
        _ => return false,
    };
    in_common >= prefix
}

/// Refuses the address that `url` has in place of a name, if it is none that may be connected to. Names are the resolver's.
pub(super) fn check_url(url: &Url) -> Result<(), Error> {
    match url.host() {
        Some(Host::Ipv4(address)) => check(address.into()),
        Some(Host::Ipv6(address)) => check(address.into()),
        Some(Host::Domain(_)) | None => Ok(()),
    }
}

/// One bad address is enough: who mixes them in may be about to swap them.
pub(super) fn check_all(addresses: &[IpAddr]) -> Result<(), Error> {
    addresses.iter().try_for_each(|&address| check(address))
}

fn check(address: IpAddr) -> Result<(), Error> {
    if is_public(address) {
        return Ok(());
    }
    let detail = format!("the address {address} is not public (denyPrivateNetworks)");
    Err(Error::new(Code::AddressDenied, detail))
}

#[cfg(test)]
mod tests {
    use url::{Host, Url};

    use super::*;

    fn is_public_text(address: &str) -> bool {
        is_public(address.parse().expect(address))
    }

    #[test]
    fn a_range_that_is_not_public_is_refused_from_its_first_address_to_its_last() {
        for (first, last) in [
            ("0.0.0.0", "0.255.255.255"),
            ("10.0.0.0", "10.255.255.255"),
            ("100.64.0.0", "100.127.255.255"),
            ("127.0.0.0", "127.255.255.255"),
            ("169.254.0.0", "169.254.255.255"),
            ("172.16.0.0", "172.31.255.255"),
            ("192.0.0.0", "192.0.0.255"),
            ("192.0.2.0", "192.0.2.255"),
            ("192.88.99.0", "192.88.99.255"),
            ("192.168.0.0", "192.168.255.255"),
            ("198.18.0.0", "198.19.255.255"),
            ("198.51.100.0", "198.51.100.255"),
            ("203.0.113.0", "203.0.113.255"),
            ("224.0.0.0", "239.255.255.255"),
            ("240.0.0.0", "255.255.255.255"),
            ("::", "::1"),
            ("::0.0.0.0", "::255.255.255.255"),
            ("::ffff:0.0.0.0", "::ffff:255.255.255.255"),
            ("64:ff9b::", "64:ff9b::ffff:ffff"),
            ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
            ("100::", "100::ffff:ffff:ffff:ffff"),
            ("::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("4000::", "7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("8000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ] {
            assert!(!is_public_text(first), "{first}");
            assert!(!is_public_text(last), "{last}");
        }
    }

    #[test]
    fn its_neighbours_are_public() {
        for address in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.1.255",
            "192.0.3.0",
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "198.51.101.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2000::",
            "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:200::",
            "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:db9::",
            "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "2003::",
            "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "3fff:1000::",
            "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        ] {
            assert!(is_public_text(address), "{address}");
        }
    }

    #[test]
    fn what_everybody_asks_is_public_and_what_a_cloud_keeps_for_its_own_is_not() {
        for (address, expected) in [
            ("1.1.1.1", true),
            ("8.8.8.8", true),
            ("93.184.215.14", true),
            ("2001:4860:4860::8888", true),
            ("2606:4700:4700::1111", true),
            ("2a00:1450:4001:81b::200e", true),
            ("127.0.0.1", false),
            ("169.254.169.254", false),
            ("100.100.100.200", false),
            ("192.0.0.192", false),
            ("fd00:ec2::254", false),
            ("fe80::a9fe:a9fe", false),
        ] {
            assert_eq!(is_public_text(address), expected, "{address}");
        }
    }

    #[test]
    fn a_form_that_carries_an_ipv4_address_is_refused_whatever_it_carries() {
        for prefix in ["::", "::ffff:", "::ffff:0:", "64:ff9b::", "64:ff9b:1::"] {
            for inside in ["127.0.0.1", "10.0.0.1", "8.8.8.8"] {
                let address = format!("{prefix}{inside}");
                assert!(!is_public_text(&address), "{address}");
            }
        }
        for address in ["2002:808:808::", "2001:0:808:808::"] {
            assert!(!is_public_text(address), "{address}");
        }
    }

    #[test]
    fn no_spelling_of_this_machine_gets_through() {
        for url in [
            "http://127.0.0.1/",
            "http://0x7f.1/",
            "http://0x7F.0x0.0x0.0x1/",
            "http://0177.0.0.1/",
            "http://0177.0.0.01/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://017700000001/",
            "http://127.1/",
            "http://127.0.1/",
            "http://127.0.0.1./",
            "http://%31%32%37.0.0.1/",
            "http://\u{ff11}\u{ff12}\u{ff17}.\u{ff10}.\u{ff10}.\u{ff11}/",
            "http://127\u{3002}0\u{ff0e}0\u{ff61}1/",
            "http://user@127.0.0.1:80/",
            "http:\\\\127.0.0.1\\",
            "http://1\t27.0.0.1/",
            "http://0/",
            "http://[::1]/",
            "http://[0:0:0:0:0:0:0:1]/",
            "http://[::127.0.0.1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::FFFF:7f00:1]/",
            "http://[64:ff9b::127.0.0.1]/",
        ] {
            let parsed = Url::parse(url).expect(url);
            let address = match parsed.host() {
                Some(Host::Ipv4(address)) => IpAddr::V4(address),
                Some(Host::Ipv6(address)) => IpAddr::V6(address),
                other => panic!("{url} is no address: {other:?}"),
            };
            assert!(!is_public(address), "{url}");
        }
    }
}

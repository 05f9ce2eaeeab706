//! The scenario: what to fetch, how, and with which client.

use std::io::Read;

use serde::Deserialize;

use crate::client::BoxError;
use crate::download::Phase;

/// What the harness asks for.
#[derive(Debug, Deserialize)]
pub(crate) struct Scenario {
    pub(crate) urls: Urls,
    requests: u64,
    #[serde(default)]
    pub(crate) warm: u64,
    pub(crate) concurrency: usize,
    #[serde(default)]
    pub(crate) keep: bool,
    #[serde(default)]
    pub(crate) http: Http,
    pub(crate) ca: Option<String>,
    pub(crate) options: Options,
}

/// Where the requests go: request i asks for `shortest` + i mod `lengths` bytes.
#[derive(Debug, Deserialize)]
pub(crate) struct Urls {
    #[serde(flatten)]
    site: Site,
    shortest: u64,
    lengths: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Site {
    /// All go there.
    Base(String),
    /// Each goes to an address of its own, from 127.1.0.0 on, at this port.
    Hosts(u16),
}

/// The protocol to speak.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub(crate) enum Http {
    #[default]
    #[serde(rename = "1.1")]
    Http1,
    #[serde(rename = "2")]
    Http2,
}

/// What tells the rows of the table apart.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Options {
    pub(crate) client: Library,
    /// Tasks run in the order in which they became ready, as in the engine, and not in Tokio's own.
    #[serde(default)]
    pub(crate) in_order: bool,
}

/// Which client, and how it is used.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Library {
    Reqwest,
    /// With a time limit on each request, as anybody would have it.
    ReqwestTimeout,
    HyperUtil,
}

impl Scenario {
    pub(crate) fn read(reader: impl Read) -> Result<Self, BoxError> {
        let scenario: Self = serde_json::from_reader(reader)?;
        if scenario.http == Http::Http2 && !scenario.urls.are_secure() {
            return Err("HTTP/2 is agreed on by ALPN, which takes https".into());
        }
        Ok(scenario)
    }

    pub(crate) fn requests(&self, phase: Phase) -> u64 {
        match phase {
            Phase::Warm => self.warm,
            Phase::Measured => self.requests,
        }
    }
}

impl Urls {
    /// The address of one request. No two are alike.
    pub(crate) fn of(&self, index: u64, phase: Phase) -> String {
        let length = self.shortest + index % self.lengths;
        let mark = match phase {
            Phase::Warm => "w",
            Phase::Measured => "",
        };
        match &self.site {
            Site::Base(base) => format!("{base}/bytes/{length}?{mark}{index}"),
            Site::Hosts(port) => {
                let (high, low) = (index >> 8, index & 255);
                format!("https://127.1.{high}.{low}:{port}/bytes/{length}?{mark}{index}")
            }
        }
    }

    fn are_secure(&self) -> bool {
        match &self.site {
            Site::Base(base) => base.starts_with("https:"),
            Site::Hosts(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(site: &str, more: &str) -> Result<Scenario, BoxError> {
        let text = format!(
            r#"{{ "suite": "throughput", "urls": {{ {site}, "shortest": 1000, "lengths": 49 }}, "requests": 7,
                 "concurrency": 2, "options": {{ "client": "hyper-util" }} {more} }}"#
        );
        Scenario::read(text.as_bytes())
    }

    #[test]
    fn addresses_of_one_host_differ_by_length_and_query() {
        let urls = scenario(r#""base": "http://localhost:80""#, "")
            .unwrap()
            .urls;
        assert_eq!(
            [0, 48, 49].map(|index| urls.of(index, Phase::Measured)),
            [
                "http://localhost:80/bytes/1000?0",
                "http://localhost:80/bytes/1048?48",
                "http://localhost:80/bytes/1000?49"
            ]
        );
        assert_eq!(urls.of(1, Phase::Warm), "http://localhost:80/bytes/1001?w1");
    }

    #[test]
    fn addresses_of_many_hosts_have_a_host_each() {
        let urls = scenario(r#""hosts": 443"#, "").unwrap().urls;
        assert_eq!(
            [255, 256, 65_535].map(|index| urls.of(index, Phase::Measured)),
            [
                "https://127.1.0.255:443/bytes/1010?255",
                "https://127.1.1.0:443/bytes/1011?256",
                "https://127.1.255.255:443/bytes/1022?65535"
            ]
        );
    }

    #[test]
    fn what_is_not_said_is_off() {
        let scenario = scenario(r#""hosts": 443"#, "").unwrap();
        assert_eq!(
            (scenario.warm, scenario.keep, scenario.http),
            (0, false, Http::Http1)
        );
        assert_eq!(scenario.requests(Phase::Measured), 7);
        assert_eq!(scenario.options.client, Library::HyperUtil);
        assert!(!scenario.options.in_order);
    }

    #[test]
    fn http2_is_not_asked_for_without_tls() {
        let http2 = r#", "http": "2""#;
        assert!(scenario(r#""base": "http://localhost:80""#, http2).is_err());
        assert!(scenario(r#""base": "https://localhost:443""#, http2).is_ok());
    }
}

//! How to connect, as JavaScript sends it, and what it says of the process: whom Node trusts, and the proxies of the environment.

use std::collections::HashMap;
use std::net::IpAddr;

use manyfetch_engine::options::{ConnectionOptions, Http2, Identity, Proxy, TlsVersion, Trust};
use manyfetch_engine::{Code, Error, fields};
use napi_derive::napi;
use serde::Deserialize;

use crate::options::{Limit, duration, limit};

/// What a client is told of the process when it is made.
#[derive(Debug, Default)]
#[napi(object, object_to_js = false)]
pub struct Surroundings {
    /// The certificates that Node trusts, in PEM; none where the options have their own.
    pub roots: Option<String>,
    /// Those variables of the environment that name proxies.
    pub variables: HashMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RawConnection {
    http2: Option<RawHttp2>,
    tls: RawTls,
    proxy: Option<RawProxy>,
    dns: RawDns,
    local_address: Option<String>,
    unix_socket: Option<String>,
    #[serde(deserialize_with = "limit")]
    keep_alive: Limit<f64>,
    cookies: Option<bool>,
    sensitive_headers: Vec<String>,
    deny_private_networks: Option<bool>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
enum RawHttp2 {
    IsNegotiated(bool),
    Word(PriorKnowledge),
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum PriorKnowledge {
    #[serde(rename = "prior-knowledge")]
    PriorKnowledge,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct RawTls {
    ca: Option<Vec<String>>,
    cert: Option<Vec<String>>,
    key: Option<Vec<String>>,
    reject_unauthorized: Option<bool>,
    min_version: Option<RawTlsVersion>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum RawTlsVersion {
    #[serde(rename = "1.2")]
    Tls12,
    #[serde(rename = "1.3")]
    Tls13,
}

/// None, also where the environment names one, or the one at this URL.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum RawProxy {
    None,
    Url(String),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawDns {
    #[serde(deserialize_with = "limit")]
    ttl: Limit<f64>,
    overrides: Vec<(String, Vec<String>)>,
}

impl RawConnection {
    /// These options where they are given, and the defaults where not.
    pub(crate) fn finish(self, surroundings: Surroundings) -> Result<ConnectionOptions, Error> {
        let trust = match self.tls.ca {
            Some(ca) => Trust::Only(ca),
            None => Trust::Roots(surroundings.roots.unwrap_or_default().into()),
        };
        let defaults = ConnectionOptions::trusting(trust);
        let sensitive_headers =
            fields::names(&self.sensitive_headers).map_err(|error| error.of("sensitiveHeaders"))?;
        Ok(ConnectionOptions {
            reject_unauthorized: self
                .tls
                .reject_unauthorized
                .unwrap_or(defaults.reject_unauthorized),
            identity: identity(self.tls.cert, self.tls.key)?,
            min_tls: self.tls.min_version.map_or(defaults.min_tls, Into::into),
            http2: self.http2.map_or(defaults.http2, Into::into),
            proxy: match self.proxy {
                None => Proxy::Environment(surroundings.variables),
                Some(RawProxy::None) => Proxy::None,
                Some(RawProxy::Url(url)) => Proxy::Url(url),
            },
            keep_alive: duration(self.keep_alive, defaults.keep_alive),
            dns_ttl: duration(self.dns.ttl, defaults.dns_ttl),
            dns_overrides: overrides(self.dns.overrides)?,
            local_address: self
                .local_address
                .map(|text| address("localAddress", &text))
                .transpose()?,
            unix_socket: self.unix_socket.map(Into::into),
            cookies: self.cookies.unwrap_or(defaults.cookies),
            sensitive_headers,
            deny_private_networks: self
                .deny_private_networks
                .unwrap_or(defaults.deny_private_networks),
            ..defaults
        })
    }
}

impl From<RawHttp2> for Http2 {
    fn from(given: RawHttp2) -> Self {
        match given {
            RawHttp2::IsNegotiated(true) => Self::Negotiated,
            RawHttp2::IsNegotiated(false) => Self::Never,
            RawHttp2::Word(PriorKnowledge::PriorKnowledge) => Self::PriorKnowledge,
        }
    }
}

impl From<RawTlsVersion> for TlsVersion {
    fn from(version: RawTlsVersion) -> Self {
        match version {
            RawTlsVersion::Tls12 => Self::Tls12,
            RawTlsVersion::Tls13 => Self::Tls13,
        }
    }
}

fn identity(
    cert: Option<Vec<String>>,
    key: Option<Vec<String>>,
) -> Result<Option<Identity>, Error> {
    match (cert, key) {
        (None, None) => Ok(None),
        (Some(cert), Some(key)) => Ok(Some(Identity {
            cert: cert.join("\n"),
            key: key.join("\n"),
        })),
        _ => {
            let detail = "tls.cert and tls.key must be given together";
            Err(Error::new(Code::InvalidArgValue, detail))
        }
    }
}

fn overrides(given: Vec<(String, Vec<String>)>) -> Result<Vec<(String, Vec<IpAddr>)>, Error> {
    let read = |(host, addresses): (String, Vec<String>)| {
        let option = format!("dns.overrides['{host}']");
        let addresses: Result<Vec<_>, _> = addresses
            .iter()
            .map(|text| address(&option, text))
            .collect();
        let addresses = addresses?;
        if addresses.is_empty() {
            let error = Error::new(Code::InvalidArgValue, "there must be at least one address");
            return Err(error.of(&option));
        }
        Ok((host, addresses))
    };
    given.into_iter().map(read).collect()
}

fn address(option: &str, text: &str) -> Result<IpAddr, Error> {
    text.parse()
        .map_err(|_| Error::new(Code::InvalidArgValue, "an IP address is wanted").of(option))
}

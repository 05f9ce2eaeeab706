//! Which proxy a URL goes through: one for all, or those of the environment by curl's rules. It reads no environment
//! itself, and shows no credentials.

use std::fmt;

use url::{Position, Url};

use super::no_proxy::Exceptions;
use crate::error::{Code, Error};

/// The default port for proxies without TLS, whatever they speak: that of SOCKS, as curl documents it.
const DEFAULT_PORT: u16 = 1080;

const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// Every variable of the environment that counts.
pub const PROXY_VARIABLES: [&str; 9] = [
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "REQUEST_METHOD",
];

/// The proxies of a client.
#[derive(Clone, Default)]
pub(crate) struct Proxies {
    http: Option<Url>,
    https: Option<Url>,
    exceptions: Exceptions,
}

impl Proxies {
    /// The proxy at `url` for everything.
    ///
    /// # Errors
    /// [`Code::InvalidArgValue`] for text that is no proxy's URL.
    pub(crate) fn all(url: &str) -> Result<Self, Error> {
        let proxy = read_proxy("'proxy'", url)?;
        Ok(Self {
            http: Some(proxy.clone()),
            https: Some(proxy),
            exceptions: Exceptions::default(),
        })
    }

    /// The proxies that the environment names. `variable` returns what one of [`PROXY_VARIABLES`] is set to.
    ///
    /// # Errors
    /// [`Code::InvalidArgValue`] for a variable that is no proxy's URL: to connect directly could show what the proxy was
    /// to hide.
    pub(crate) fn of_environment<'a>(
        variable: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<Self, Error> {
        // One that is set and empty hides nothing.
        let first = |names: &[&'static str]| {
            let set = |&name| Some((name, variable(name).filter(|value| !value.is_empty())?));
            names.iter().find_map(set)
        };
        let no_proxy = first(&["no_proxy", "NO_PROXY"]).map_or("", |(_, value)| value);
        let exceptions = Exceptions::parse(no_proxy);
        if exceptions.are_everything() {
            return Ok(Self::default());
        }
        let read = |names: &[&'static str]| {
            first(names)
                .or_else(|| first(&["all_proxy", "ALL_PROXY"]))
                .map(|(name, value)| read_proxy(&format!("the variable {name}"), value))
                .transpose()
        };
        Ok(Self {
            http: read(http_variables(variable("REQUEST_METHOD").is_some()))?,
            https: read(&["https_proxy", "HTTPS_PROXY"])?,
            exceptions,
        })
    }

    /// No URL goes through a proxy.
    pub(crate) fn is_empty(&self) -> bool {
        self.http.is_none() && self.https.is_none()
    }

    /// The proxy that `url` goes through.
    pub(crate) fn for_url(&self, url: &Url) -> Option<&Url> {
        let proxy = match url.scheme() {
            "http" => self.http.as_ref(),
            "https" => self.https.as_ref(),
            _ => None,
        }?;
        (!self.exceptions.contain(url)).then_some(proxy)
    }

    /// The proxies' hosts, as their URLs have them.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = &str> {
        let proxies = self.http.iter().chain(&self.https);
        proxies.filter_map(Url::host_str)
    }
}

/// Without the credentials.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.hosts()).finish()
    }
}

/// Whoever sends a CGI script the header `Proxy` sets its `HTTP_PROXY` ("httpoxy"). Windows reads that for `http_proxy` too.
fn http_variables(is_cgi: bool) -> &'static [&'static str] {
    match is_cgi {
        false => &["http_proxy", "HTTP_PROXY"],
        true if cfg!(windows) => &[],
        true => &["http_proxy"],
    }
}

fn read_proxy(source: &str, text: &str) -> Result<Url, Error> {
    proxy_url(text).ok_or_else(|| {
        // The text is not in it: which part of it is secret is not known either.
        let detail = format!(
            "{source} is not the URL of a proxy: write 'http://user:password@host:3128', with http, https, socks4, \
             socks4a, socks5 or socks5h, and percent-encoded credentials"
        );
        Error::new(Code::InvalidArgValue, detail)
    })
}

/// `text` as a URL that says everything: a scheme that reqwest knows, and a port unless it is that scheme's.
fn proxy_url(text: &str) -> Option<Url> {
    let (scheme, rest) = match text.split_once(':') {
        Some((scheme, rest)) if rest.starts_with('/') => (scheme, rest.trim_start_matches('/')),
        _ => ("http", text),
    };
    let scheme = match &*scheme.to_ascii_lowercase() {
        "socks" => "socks4",
        lower => SCHEMES.into_iter().find(|known| *known == lower)?,
    };
    // Of other schemes, hosts would stay as they are written.
    let url = Url::parse(&format!("http://{rest}")).ok()?;
    if is_misread(rest, &url) || is_unix_socket(scheme, &url) {
        return None;
    }
    let default_port = if scheme == "https" { 443 } else { DEFAULT_PORT };
    let port = written_port(rest).unwrap_or(default_port);
    let authority = &url[Position::BeforeUsername..Position::AfterHost];
    let proxy = Url::parse(&format!("{scheme}://{authority}:{port}")).ok()?;
    // reqwest connects directly where hyper cannot read the proxy's URL.
    let is_uri = proxy.as_str().parse::<http::Uri>().is_ok();
    is_uri.then_some(proxy)
}

/// `rest` has a path in place of a host, or a character in its credentials that ends them unless it is encoded: a folder or
/// a user would be taken for the host.
fn is_misread(rest: &str, url: &Url) -> bool {
    rest.starts_with('/') || rest.contains('\\') || url[Position::BeforePath..].contains('@')
}

/// curl's way to name one. It must not become a connection to this host.
fn is_unix_socket(scheme: &str, url: &Url) -> bool {
    scheme.starts_with("socks") && url.host_str() == Some("localhost") && url.path() != "/"
}

/// The port in what follows a scheme. Each of the two leaves out its own.
fn written_port(rest: &str) -> Option<u16> {
    let port_of = |scheme| Url::parse(&format!("{scheme}://{rest}")).ok()?.port();
    port_of("http").or_else(|| port_of("https"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of `NAME=value`, separated by spaces.
    fn of_environment(variables: &str) -> Result<Proxies, Error> {
        Proxies::of_environment(|name| {
            assert!(PROXY_VARIABLES.contains(&name), "{name}");
            let mut variables = variables.split(' ').filter_map(|set| set.split_once('='));
            variables.find_map(|(set, value)| (set == name).then_some(value))
        })
    }

    fn url(text: &str) -> Url {
        Url::parse(text).expect(text)
    }

    #[test]
    fn the_environment_names_a_proxy_for_each_scheme() {
        for (variables, http, https) in [
            ("", "", ""),
            ("http_proxy=p:1", "p:1", ""),
            ("HTTP_PROXY=p:1", "p:1", ""),
            ("https_proxy=p:1", "", "p:1"),
            ("HTTPS_PROXY=p:1", "", "p:1"),
            ("all_proxy=p:1", "p:1", "p:1"),
            ("ALL_PROXY=p:1", "p:1", "p:1"),
            ("HTTP_PROXY=p:2 http_proxy=p:1", "p:1", ""),
            ("HTTPS_PROXY=p:2 https_proxy=p:1", "", "p:1"),
            ("ALL_PROXY=p:2 all_proxy=p:1", "p:1", "p:1"),
            ("all_proxy=p:2 HTTP_PROXY=p:1", "p:1", "p:2"),
            ("all_proxy=p:2 HTTPS_PROXY=p:1", "p:2", "p:1"),
            // Empty is not set.
            ("http_proxy= HTTP_PROXY=p:1", "p:1", ""),
            ("https_proxy= HTTPS_PROXY= ALL_PROXY=p:1", "p:1", "p:1"),
            ("all_proxy=p:1 no_proxy= NO_PROXY=a.test", "", ""),
            ("all_proxy=p:1 no_proxy=b NO_PROXY=a.test", "p:1", "p:1"),
            // CVE-2016-5385 and its kind, "httpoxy".
            ("REQUEST_METHOD=GET HTTP_PROXY=p:1", "", ""),
            ("REQUEST_METHOD= HTTP_PROXY=p:1", "", ""),
            ("REQUEST_METHOD=GET HTTPS_PROXY=p:1", "", "p:1"),
            (
                "REQUEST_METHOD=GET HTTP_PROXY=p:1 ALL_PROXY=p:2",
                "p:2",
                "p:2",
            ),
            // Of no use, and so not read.
            ("http_proxy=ftp://p:1 no_proxy=*", "", ""),
            (
                "http_proxy=p:1 https_proxy=p:1 all_proxy=ftp://p",
                "p:1",
                "p:1",
            ),
        ] {
            let proxies = of_environment(variables).expect(variables);
            for (address, expected) in [("http://a.test/", http), ("https://a.test/", https)] {
                let proxy = proxies.for_url(&url(address));
                let host = proxy.map(|proxy| &proxy[Position::BeforeHost..Position::AfterPort]);
                assert_eq!(host.unwrap_or(""), expected, "{variables} {address}");
            }
            assert_eq!(proxies.for_url(&url("ftp://a.test/")), None);
        }
    }

    /// `host` is reached directly with this `NO_PROXY`.
    #[test]
    fn a_proxy_has_a_scheme_and_a_port_when_it_is_asked_for() {
        for (text, expected) in [
            ("proxy", "http://proxy:1080/"),
            ("Proxy:3128", "http://proxy:3128/"),
            ("http://proxy", "http://proxy:1080/"),
            ("http://proxy:/", "http://proxy:1080/"),
            ("http://proxy:80", "http://proxy/"),
            ("HTTP:/proxy:443/path?query", "http://proxy:443/"),
            ("https://proxy", "https://proxy/"),
            ("https://proxy:443", "https://proxy/"),
            ("https://proxy:80", "https://proxy:80/"),
            ("socks://proxy", "socks4://proxy:1080"),
            ("socks4a://proxy:80/", "socks4a://proxy:80"),
            ("socks5://PROXY:443", "socks5://proxy:443"),
            ("socks5h://b\u{fc}cher", "socks5h://xn--bcher-kva:1080"),
            ("127.1:3128", "http://127.0.0.1:3128/"),
            ("[0::1]:3128", "http://[::1]:3128/"),
            ("socks5://[::1]", "socks5://[::1]:1080"),
            ("user@proxy:1", "http://user@proxy:1/"),
            ("a%40b:c%3Ad@proxy:1", "http://a%40b:c%3Ad@proxy:1/"),
            ("a:b@c d@proxy:1", "http://a:b%40c%20d@proxy:1/"),
            ("socks5h://a:b@[::1]:1", "socks5h://a:b@[::1]:1"),
        ] {
            let proxies = Proxies::all(text).expect(text);
            for address in ["http://localhost/", "https://localhost/"] {
                let proxy = proxies.for_url(&url(address)).map(Url::as_str);
                assert_eq!(proxy, Some(expected), "{text}");
            }
            let host = url(expected).host_str().map(str::to_owned);
            assert_eq!(proxies.hosts().next(), host.as_deref(), "{text}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_a_word_of_it() {
        assert!(Proxies::all("").is_err());
        for text in [
            " ",
            "http://",
            "://secret",
            "http://user:secret@",
            "user:secret@",
            "user:secret",
            "ftp://user:secret@proxy",
            "socks6://user:secret@proxy",
            "file:///secret",
            "/run/secret.sock",
            "http:\\\\user:secret@proxy",
            "user:secret@proxy:65536",
            "user:secret@proxy:x",
            "user:secret@pro xy",
            "user:secret@pro\"xy",
            "user:secret@[::1",
            "user:secret@[fe80::1%25eth0]",
            "user:secret@1.2.3.256",
            "user:secret/1@proxy",
            "user:1/secret@proxy",
            "user:1#secret@proxy",
            "user:1?secret@proxy",
            "user:1\\secret@proxy",
            "socks5h://localhost/run/secret.sock",
        ] {
            let of = |name| Proxies::of_environment(move |asked| (asked == name).then_some(text));
            let errors = [
                (Proxies::all(text), "'proxy'"),
                (of("http_proxy"), "http_proxy"),
                (of("HTTPS_PROXY"), "HTTPS_PROXY"),
                (of("ALL_PROXY"), "ALL_PROXY"),
            ];
            for (result, source) in errors {
                let error = result.expect_err(text);
                assert_eq!(error.code, Code::InvalidArgValue, "{text}");
                assert!(error.detail.contains(source), "{error}");
                assert!(!error.detail.contains("secret"), "{error}");
            }
        }
    }

    #[test]
    fn credentials_are_not_shown_for_debugging() {
        let proxies = Proxies::all("user:secret@proxy").expect("it is good");
        assert_eq!(format!("{proxies:?}"), r#"{"proxy", "proxy"}"#);
    }
}

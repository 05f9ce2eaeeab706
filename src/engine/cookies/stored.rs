//! One cookie as it is kept: what its line says, whom it may be of, and which requests it is for.

use cookie::Cookie;
use cookie::time::OffsetDateTime;
use http::HeaderValue;
use url::{Host, Url};

/// Bytes of a `Set-Cookie` line that is read, as in curl.
pub(super) const MAX_LINE: usize = 5_000;

#[derive(Debug)]
pub(super) struct StoredCookie {
    name: Box<str>,
    /// `name=value`, and sensitive: no message shows it.
    pub(super) pair: HeaderValue,
    domain: Box<str>,
    is_host_only: bool,
    pub(super) path: Box<str>,
    is_secure: bool,
    /// `None` for one that lasts as long as the client.
    expires: Option<OffsetDateTime>,
    /// Higher for one that was set later.
    pub(super) serial: u64,
}

impl StoredCookie {
    /// What `line` of a response of `url` sets; `None` where it may not.
    pub(super) fn read(line: &HeaderValue, url: &Url, now: OffsetDateTime) -> Option<Self> {
        if line.len() > MAX_LINE {
            return None;
        }
        let parsed = Cookie::parse(str::from_utf8(line.as_bytes()).ok()?).ok()?;
        let (domain, is_host_only) = domain_of(parsed.domain(), url)?;
        let is_secure_only = parsed.secure() == Some(true);
        if is_secure_only && !is_secure(url) || !keeps_promise(&parsed, is_host_only) {
            return None;
        }
        // This is where control characters end, too, which a server may take for the end of a cookie, or refuse.
        let mut pair = HeaderValue::try_from(parsed.stripped().to_string()).ok()?;
        pair.set_sensitive(true);
        Some(Self {
            name: parsed.name().into(),
            pair,
            domain,
            is_host_only,
            path: path_of(parsed.path(), url).into(),
            is_secure: is_secure_only,
            expires: expiry(&parsed, now),
            serial: 0,
        })
    }

    pub(super) fn is_for(&self, url: &Url) -> bool {
        url.host_str().is_some_and(|host| self.is_for_host(host))
            && path_matches(url.path(), &self.path)
            && (!self.is_secure || is_secure(url))
    }

    fn is_for_host(&self, host: &str) -> bool {
        *self.domain == *host || !self.is_host_only && domain_matches(host, &self.domain)
    }

    pub(super) fn is_expired(&self, now: OffsetDateTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    pub(super) fn is_replaced_by(&self, other: &Self) -> bool {
        self.name == other.name
            && self.domain == other.domain
            && self.is_host_only == other.is_host_only
            && self.path == other.path
    }

    /// Whether a server could take this one for `old`, which came by a safer way.
    pub(super) fn would_hide(&self, old: &Self) -> bool {
        old.is_secure
            && self.name == old.name
            && (domain_matches(&self.domain, &old.domain)
                || domain_matches(&old.domain, &self.domain))
            && path_matches(&self.path, &old.path)
    }
}

/// The host or domain that a cookie is for, and whether for that host alone.
fn domain_of(attribute: Option<&str>, url: &Url) -> Option<(Box<str>, bool)> {
    let host = url.host_str()?;
    let Some(attribute) = attribute.filter(|domain| !domain.is_empty()) else {
        return Some((host.into(), true));
    };
    // In the form that a URL's host has, or the two cannot be compared.
    let domain = Host::parse(attribute).ok()?.to_string();
    let owned = registrable(&domain).filter(|_| url.domain().is_some());
    // Two owners may be under a domain that has one itself: `x.s3.amazonaws.com` and `amazonaws.com`.
    let may_set = match owned {
        Some(_) => domain_matches(host, &domain) && owned == registrable(host),
        None => domain == host,
    };
    may_set.then(|| (domain.as_str().into(), owned.is_none()))
}

/// The part of `host` that one owner has registered; `None` for a public suffix. An unlisted top-level domain is one,
/// and so is whatever has an empty label: the root's dot at the end must not turn a suffix into something else.
fn registrable(host: &str) -> Option<&str> {
    let has_empty_label = host.split('.').any(str::is_empty);
    if has_empty_label {
        return None;
    }
    psl::domain_str(host)
}

/// What all hosts have in common that may share cookies with that of `url`.
pub(super) fn site(url: &Url) -> Option<&str> {
    url.domain().and_then(registrable).or(url.host_str())
}

fn domain_matches(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn path_of<'a>(attribute: Option<&'a str>, url: &'a Url) -> &'a str {
    let default = url.path().rsplit_once('/').map_or("", |(path, _)| path);
    attribute
        .filter(|path| path.starts_with('/'))
        .or(Some(default).filter(|path| !path.is_empty()))
        .unwrap_or("/")
}

fn path_matches(path: &str, cookie_path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || cookie_path.ends_with('/'))
}

/// `None` as well for a time that is past the calendar's end.
fn expiry(cookie: &Cookie<'_>, now: OffsetDateTime) -> Option<OffsetDateTime> {
    match cookie.max_age() {
        Some(age) => now.checked_add(age),
        None => cookie.expires_datetime(),
    }
}

/// Whether a cookie has what the prefix of its name promises to the server, which sees no attributes.
fn keeps_promise(cookie: &Cookie<'_>, is_host_only: bool) -> bool {
    let is_secure = cookie.secure() == Some(true);
    if has_prefix(cookie.name(), "__Host-") {
        is_secure && is_host_only && cookie.path() == Some("/")
    } else {
        is_secure || !has_prefix(cookie.name(), "__Secure-")
    }
}

/// In any case, as there are servers that read names so.
fn has_prefix(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Plain HTTP to this machine is no exception.
pub(super) fn is_secure(url: &Url) -> bool {
    url.scheme() == "https"
}

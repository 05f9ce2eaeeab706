//! The cookies of one client, by RFC 6265bis: which ones a response may set, and which ones a request takes along.
//!
//! A client is no browser: what is said there of scripts and of frames (`HttpOnly`, `SameSite`) means nothing here.

mod stored;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cookie::time::OffsetDateTime;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};
use url::Url;

use stored::{StoredCookie, is_secure, site};

/// Cookies that are kept of one response, as in curl.
const MAX_PER_RESPONSE: usize = 50;

/// Cookies of one registrable domain, as in Chrome. Beyond it, the one that was set longest ago goes.
const MAX_PER_SITE: usize = 180;

/// Cookies in all. Beyond it, `PURGED` of them go at once, so that not every new cookie costs a walk through all.
const MAX_IN_ALL: usize = 3_000;
const PURGED: usize = 300;

/// Bytes of a `Cookie` field, as in curl: many servers refuse a head with a longer one.
const MAX_FIELD: usize = 8 * 1024;

/// The cookies of one client.
#[derive(Debug, Default)]
pub(crate) struct CookieJar {
    store: Mutex<Store>,
    /// So that nobody needs the lock as long as there never was a cookie.
    has_any: AtomicBool,
}

impl CookieJar {
    /// The `Cookie` field for a request to `url`, if there are any for it.
    pub(crate) fn field_for(&self, url: &Url) -> Option<HeaderValue> {
        if !self.has_any.load(Ordering::Relaxed) {
            return None;
        }
        self.field_at(url, OffsetDateTime::now_utc())
    }

    /// Keeps what the response of `url` with `headers` sets, as far as it may.
    pub(crate) fn keep(&self, url: &Url, headers: &HeaderMap) {
        if headers.contains_key(SET_COOKIE) {
            self.keep_at(url, headers, OffsetDateTime::now_utc());
        }
    }

    fn field_at(&self, url: &Url, now: OffsetDateTime) -> Option<HeaderValue> {
        let store = self.lock();
        let mut cookies: Vec<&StoredCookie> = store
            .sites
            .get(site(url)?)?
            .iter()
            .filter(|cookie| !cookie.is_expired(now) && cookie.is_for(url))
            .collect();
        // Older ones come first already, and a stable sort leaves it so.
        cookies.sort_by_key(|cookie| Reverse(cookie.path.len()));
        field(&cookies)
    }

    fn keep_at(&self, url: &Url, headers: &HeaderMap, now: OffsetDateTime) {
        let cookies: Vec<StoredCookie> = headers
            .get_all(SET_COOKIE)
            .iter()
            .filter_map(|line| StoredCookie::read(line, url, now))
            .take(MAX_PER_RESPONSE)
            .collect();
        if let Some(site) = site(url)
            && !cookies.is_empty()
        {
            self.lock().add(site, cookies, is_secure(url), now);
            self.has_any.store(true, Ordering::Relaxed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct Store {
    /// By registrable domain, as no cookie may be for more than one. Older ones come first, and no list is empty.
    sites: HashMap<Box<str>, Vec<StoredCookie>>,
    count: usize,
    next_serial: u64,
}

impl Store {
    fn add(&mut self, site: &str, new: Vec<StoredCookie>, is_secure: bool, now: OffsetDateTime) {
        let mut cookies = self.sites.remove(site).unwrap_or_default();
        self.count -= cookies.len();
        cookies.retain(|cookie| !cookie.is_expired(now));
        for mut cookie in new {
            cookie.serial = self.next_serial;
            self.next_serial += 1;
            if is_secure || !cookies.iter().any(|old| cookie.would_hide(old)) {
                put(&mut cookies, cookie, now);
            }
        }
        if !cookies.is_empty() {
            self.count += cookies.len();
            self.sites.insert(site.into(), cookies);
        }
        if self.count > MAX_IN_ALL {
            self.purge();
        }
    }

    fn purge(&mut self) {
        let cookies = self.sites.values().flatten();
        let mut serials: Vec<u64> = cookies.map(|cookie| cookie.serial).collect();
        let (_, &mut oldest, _) = serials.select_nth_unstable(PURGED);
        self.sites.retain(|_, cookies| {
            cookies.retain(|cookie| cookie.serial >= oldest);
            !cookies.is_empty()
        });
        self.count = self.sites.values().map(Vec::len).sum();
    }
}

/// Adds `cookie`, or puts it in the place of the one that it replaces or, where it has expired already, deletes.
fn put(cookies: &mut Vec<StoredCookie>, cookie: StoredCookie, now: OffsetDateTime) {
    let at = cookies.iter().position(|old| old.is_replaced_by(&cookie));
    match (at, cookie.is_expired(now)) {
        (Some(at), true) => {
            cookies.remove(at);
        }
        (Some(at), false) => cookies[at] = cookie,
        (None, true) => {}
        (None, false) => {
            if cookies.len() >= MAX_PER_SITE {
                remove_oldest(cookies);
            }
            cookies.push(cookie);
        }
    }
}

fn remove_oldest(cookies: &mut Vec<StoredCookie>) {
    let oldest = (0..cookies.len()).min_by_key(|at| cookies[*at].serial);
    if let Some(at) = oldest {
        cookies.remove(at);
    }
}

fn field(cookies: &[&StoredCookie]) -> Option<HeaderValue> {
    let mut field = Vec::new();
    for cookie in cookies {
        if field.len() + "; ".len() + cookie.pair.len() > MAX_FIELD {
            break;
        }
        if !field.is_empty() {
            field.extend_from_slice(b"; ");
        }
        field.extend_from_slice(cookie.pair.as_bytes());
    }
    let mut field = HeaderValue::try_from(field).ok()?;
    field.set_sensitive(true);
    Some(field).filter(|field| !field.is_empty())
}

#[cfg(test)]
mod tests;

//! Credentials: those in URLs and those that are given become a header, and are shown nowhere.

use std::sync::Arc;

use base64::Engine as _;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::error::{Code, Error};
use crate::options::RequestOptions;

/// Who asks, as the caller gives it.
#[derive(Clone)]
pub enum Auth {
    /// RFC 7617.
    Basic {
        /// Without a colon, which would end it.
        username: String,
        /// Any text.
        password: String,
    },
    /// RFC 6750.
    Bearer(String),
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth").finish_non_exhaustive()
    }
}

impl Auth {
    /// The `Authorization` field.
    ///
    /// # Errors
    /// [`Code::InvalidArgValue`] for a user name with a colon and for a token that is none; neither is shown.
    pub fn field(&self) -> Result<HeaderValue, Error> {
        match self {
            Self::Basic { username, .. } if username.contains(':') => {
                let detail = "username must have no colon, which would end it (RFC 7617)";
                Err(Error::new(Code::InvalidArgValue, detail))
            }
            Self::Basic { username, password } => {
                Ok(basic(username.as_bytes(), password.as_bytes()))
            }
            Self::Bearer(token) if !is_token(token) => {
                let detail = "bearer must be a token of visible ASCII characters";
                Err(Error::new(Code::InvalidArgValue, detail))
            }
            Self::Bearer(token) => Ok(secret(&format!("Bearer {token}"))),
        }
    }
}

/// RFC 6750 §2.1 has fewer characters; servers take any that a header can carry.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The `Authorization` field of RFC 7617, in UTF-8.
fn basic(username: &[u8], password: &[u8]) -> HeaderValue {
    let pair = [username, b":", password].concat();
    let pair = base64::engine::general_purpose::STANDARD.encode(pair);
    secret(&format!("Basic {pair}"))
}

fn secret(text: &str) -> HeaderValue {
    let value = HeaderValue::from_str(text);
    let mut value = value.unwrap_or_else(|_| unreachable!("it is visible ASCII"));
    value.set_sensitive(true);
    value
}

/// Moves the credentials of an item's URL into a header; one that the item gives itself wins.
pub(crate) fn take_credentials(url: &mut Url, options: Arc<RequestOptions>) -> Arc<RequestOptions> {
    if url.username().is_empty() && url.password().is_none() {
        return options;
    }
    let decoded = |text| percent_decode_str(text).collect::<Vec<u8>>();
    let username = decoded(url.username());
    let password = decoded(url.password().unwrap_or(""));
    strip_credentials(url);
    if options.own_headers.contains(&AUTHORIZATION) {
        return options;
    }
    let mut options = Arc::unwrap_or_clone(options);
    // It fails for a caller who set as many fields as there can be, and did not mean to log in.
    let field = basic(&username, &password);
    if options.headers.try_insert(AUTHORIZATION, field).is_ok() {
        options.own_headers.insert(AUTHORIZATION);
    }
    Arc::new(options)
}

/// `url` as it may be shown.
pub(crate) fn without_credentials(mut url: Url) -> String {
    strip_credentials(&mut url);
    url.into()
}

/// Takes the credentials out of `url`.
pub(crate) fn strip_credentials(url: &mut Url) {
    // Both fail only for URLs that cannot have any.
    let _ = url.set_username("");
    let _ = url.set_password(None);
}

/// Text that is not a URL, cut to what fits a message. Whatever may be credentials in it is left out.
pub(crate) fn shown(text: &str) -> String {
    let shown = match text.rfind('@') {
        Some(at) => format!("{}{}", scheme(&text[..at]), &text[at + 1..]),
        None => text.to_owned(),
    };
    shown
        .chars()
        .filter(|c| !c.is_control())
        .take(256)
        .collect()
}

/// The scheme and the slashes after it, if `text` begins with those of a URL that could be fetched.
fn scheme(text: &str) -> &str {
    let lower = text.to_ascii_lowercase();
    let Some(scheme) = ["http:", "https:"]
        .into_iter()
        .find(|scheme| lower.starts_with(scheme))
    else {
        return "";
    };
    let slashes = text[scheme.len()..]
        .chars()
        .take_while(|c| matches!(c, '/' | '\\'))
        .count();
    &text[..scheme.len() + slashes]
}

#[cfg(test)]
mod tests {
    #[test]
    fn text_that_is_no_url_is_shown_without_what_may_be_credentials() {
        let long = format!("http://user:{}secret@a b/", "x".repeat(300));
        let cases = [
            ("http://user:secret@a b/", "http://a b/"),
            ("http:\\\\user:secret@a b/", "http:\\\\a b/"),
            ("http:/user:secret@a b", "http:/a b"),
            ("https:user:secret@a b/", "https:a b/"),
            ("user:secret@a b", "a b"),
            (&long, "http://a b/"),
            ("no url", "no url"),
        ];
        for (url, shown) in cases {
            assert_eq!(super::shown(url), shown);
        }
    }
}

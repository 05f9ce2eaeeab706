//! Credentials in URLs: they are sent as a header, and shown nowhere.

use std::sync::Arc;

use base64::Engine as _;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::options::RequestOptions;

/// Moves the credentials of the URL into a header, as RFC 7617 writes it; a header of the caller's wins.
pub(crate) fn take_credentials(url: &mut Url, options: Arc<RequestOptions>) -> Arc<RequestOptions> {
    if url.username().is_empty() && url.password().is_none() {
        return options;
    }
    let decoded = |text| percent_decode_str(text).collect::<Vec<u8>>();
    let mut pair = decoded(url.username());
    pair.push(b':');
    pair.extend(decoded(url.password().unwrap_or("")));
    strip_credentials(url);
    if options.headers.contains_key(AUTHORIZATION) {
        return options;
    }
    let basic = format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(pair)
    );
    let mut options = Arc::unwrap_or_clone(options);
    if let Ok(mut value) = HeaderValue::try_from(basic) {
        value.set_sensitive(true);
        // It fails for a caller who set as many fields as there can be, and did not mean to log in.
        let _ = options.headers.try_insert(AUTHORIZATION, value);
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

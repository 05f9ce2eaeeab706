//! What a caller may set of a request: its method and its header fields, checked before anything is sent.

use std::collections::HashSet;
use std::sync::Arc;

use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderName, RANGE, TE,
    TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Method};

use crate::error::{Code, Error};
use crate::host_rules::HostRules;
use crate::options::{ContentType, KNOWN_CODINGS};
use crate::transport::Request;

/// More fields than anybody needs, and well below what a header map can hold.
const MAX_FIELDS: usize = 10_000;

/// The longest method, in bytes. Those that are registered have 17 at most.
const MAX_METHOD: usize = 64;

/// Fields that frame the message or belong to the connection: they are the transport's.
const FRAMING: [HeaderName; 9] = [
    CONNECTION,
    CONTENT_LENGTH,
    EXPECT,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// The names called `names`.
///
/// # Errors
/// [`Code::InvalidToken`] for one that is no token.
pub fn names(names: &[String]) -> Result<Vec<HeaderName>, Error> {
    names.iter().map(|given| name(given)).collect()
}

/// The method called `name`, as the fetch standard reads it: the common ones in any case, all others as they are.
///
/// # Errors
/// [`Code::InvalidToken`] when it is no token, [`Code::InvalidArgValue`] for CONNECT, which asks for a tunnel.
pub fn method(name: &str) -> Result<Method, Error> {
    const ANY_CASE: [Method; 6] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
    ];
    if let Some(known) = ANY_CASE
        .into_iter()
        .find(|known| known.as_str().eq_ignore_ascii_case(name))
    {
        return Ok(known);
    }
    let method = (name.len() <= MAX_METHOD)
        .then(|| Method::from_bytes(name.as_bytes()).ok())
        .flatten();
    let method = method.ok_or_else(|| {
        let detail = format!(
            "the method {} is not an HTTP token, or too long",
            quote(name)
        );
        Error::new(Code::InvalidToken, detail)
    })?;
    if method.as_str().eq_ignore_ascii_case("CONNECT") {
        return Err(Error::new(
            Code::InvalidArgValue,
            "the method CONNECT is not supported",
        ));
    }
    Ok(method)
}

/// Asks for the codings that will be undone, unless the caller asks for others: none where nothing is to be decoded, and none
/// for a part, which could not be (fetch standard, HTTP-network-or-cache fetch).
pub fn ask_for_codings(headers: &mut HeaderMap, decodes: bool) {
    let is_ours = |value: &HeaderValue| *value == KNOWN_CODINGS;
    if !headers.get(ACCEPT_ENCODING).is_none_or(is_ours) {
        return;
    }
    if headers.contains_key(RANGE) {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    } else if decodes {
        headers.insert(ACCEPT_ENCODING, KNOWN_CODINGS);
    } else {
        headers.remove(ACCEPT_ENCODING);
    }
}

/// Whether a request with `method` may have a body: in those of GET and HEAD it means nothing, and servers and caches in between
/// may refuse it or, worse, take it for the next request (RFC 9110 §9.3.1); TRACE must have none (§9.3.8).
pub fn may_have_body(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::TRACE)
}

/// The type `text` of a body, which says so itself.
///
/// # Errors
/// [`Code::InvalidChar`] for a type that must not be on the wire.
pub fn content_type(text: &str, is_default: bool) -> Result<ContentType, Error> {
    let (_, value) = field(CONTENT_TYPE.as_str(), text)?;
    Ok(ContentType { value, is_default })
}

/// Sets the type that a body says of itself, where none is given.
pub(crate) fn set_content_type(headers: &mut HeaderMap, content_type: &ContentType) {
    let field = headers.entry(CONTENT_TYPE);
    field.or_insert_with(|| content_type.value.clone());
}

/// Sets `fields` in `headers` and returns their names. A name replaces what was there; given several times, all its values are
/// sent.
///
/// # Errors
/// [`Code::InvalidToken`] for a name that is no token, [`Code::InvalidChar`] for a value with a character that must not be on
/// the wire, [`Code::InvalidArgValue`] for a field that frames the message, or too many of them.
pub fn set(headers: &mut HeaderMap, fields: &[(String, String)]) -> Result<Vec<HeaderName>, Error> {
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| field(name, value))
        .collect::<Result<_, _>>()?;
    for (name, _) in &fields {
        headers.remove(name);
    }
    check_count(headers.len() + fields.len())?;
    let mut names = Vec::with_capacity(fields.len());
    for (name, value) in fields {
        headers.append(&name, value);
        names.push(name);
    }
    Ok(names)
}

/// A header map that outgrows all bounds panics.
fn check_count(count: usize) -> Result<(), Error> {
    if count <= MAX_FIELDS {
        return Ok(());
    }
    let detail = format!("there are {count} header fields, more than {MAX_FIELDS}");
    Err(Error::new(Code::InvalidArgValue, detail))
}

fn name(given: &str) -> Result<HeaderName, Error> {
    HeaderName::from_bytes(given.as_bytes()).map_err(|_| {
        let detail = format!("the header name {} is not an HTTP token", quote(given));
        Error::new(Code::InvalidToken, detail)
    })
}

fn field(given: &str, value: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let field = name(given)?;
    if FRAMING.contains(&field) {
        let detail = format!("the header '{field}' frames the message and cannot be set");
        return Err(Error::new(Code::InvalidArgValue, detail));
    }
    let value = value.trim_matches([' ', '\t', '\r', '\n']);
    let bytes = latin1(value).and_then(|bytes| HeaderValue::from_bytes(&bytes).ok());
    let value = bytes.ok_or_else(|| {
        // Not the value, which may be a secret.
        let forbidden = value.chars().find(|c| is_forbidden(*c)).unwrap_or_default();
        let shown = quote(forbidden.encode_utf8(&mut [0; 4]));
        let detail = format!(
            "the value of the header '{field}' has the character {shown}, which HTTP forbids"
        );
        Error::new(Code::InvalidChar, detail)
    })?;
    Ok((field, value))
}

fn is_forbidden(c: char) -> bool {
    c > '\u{ff}' || (c.is_ascii_control() && c != '\t')
}

/// A header value is a string of bytes, which JavaScript writes as characters up to U+00FF.
fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).ok())
        .collect()
}

/// Sets in `request` what `rules` have for its host, the more specific ones over the others and the later rules over those before.
/// What the item itself gives, by `own` names, stays as it is.
pub(crate) fn set_for_host(
    request: &mut Request,
    rules: &[Arc<HostRules<HeaderMap>>],
    own: &HashSet<HeaderName>,
) -> Result<(), Error> {
    let is_set = |name: &&HeaderName| request.headers.contains_key(*name);
    let own: Vec<_> = own.iter().filter(is_set).collect();
    for rules in rules {
        let mut matching: Vec<_> = rules.matching(&request.url).collect();
        matching.reverse();
        for fields in matching {
            for name in fields.keys().filter(|name| !own.contains(name)) {
                request.headers.remove(name);
                check_count(request.headers.len() + fields.len())?;
                for value in fields.get_all(name) {
                    request.headers.append(name, value.clone());
                }
            }
        }
    }
    Ok(())
}

/// `text` as it can be shown: short, and without anything a terminal would obey.
pub(crate) fn quote(text: &str) -> String {
    let shown: String = text.chars().take(64).flat_map(char::escape_debug).collect();
    format!("'{shown}'")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set_one(name: &str, value: &str) -> Result<HeaderMap, Code> {
        let mut headers = HeaderMap::new();
        set(&mut headers, &[(name.into(), value.into())]).map_err(|error| error.code)?;
        Ok(headers)
    }

    #[test]
    fn nothing_that_splits_a_message_gets_through() {
        for value in [
            "x\r\ny: z",
            "x\ny",
            "x\0y",
            "x\u{7f}",
            "\u{100}",
            "\u{1f600}",
        ] {
            assert_eq!(set_one("a", value), Err(Code::InvalidChar), "{value:?}");
        }
        for name in ["", "a b", "a:", "a\r\n", "\u{e9}", "a\0"] {
            assert_eq!(set_one(name, "x"), Err(Code::InvalidToken), "{name:?}");
        }
    }

    #[test]
    fn values_are_bytes_and_lose_the_white_space_around_them() {
        let headers = set_one("a", " caf\u{e9}\t").expect("it is Latin-1");
        assert_eq!(headers["a"].as_bytes(), b"caf\xe9");
    }

    #[test]
    fn framing_is_not_for_callers() {
        for name in [
            "Content-Length",
            "transfer-encoding",
            "CONNECTION",
            "te",
            "Upgrade",
            "Keep-Alive",
        ] {
            assert_eq!(set_one(name, "1"), Err(Code::InvalidArgValue), "{name}");
        }
    }

    #[test]
    fn a_name_replaces_what_was_there_and_keeps_all_its_own_values() {
        let mut headers = HeaderMap::new();
        headers.insert("a", HeaderValue::from_static("before"));
        let fields = [("A", "1"), ("a", "2")].map(|(name, value)| (name.into(), value.into()));
        set(&mut headers, &fields).expect("they are fine");
        assert_eq!(headers.get_all("a").iter().collect::<Vec<_>>(), ["1", "2"]);
    }

    #[test]
    fn methods_are_read_as_fetch_reads_them() {
        assert_eq!(method("get"), Ok(Method::GET));
        assert_eq!(
            method("patch").map(|m| m.to_string()).ok().as_deref(),
            Some("patch")
        );
        for name in ["", "G ET", "GET\r\n", "\u{e9}"] {
            assert_eq!(
                method(name).map_err(|error| error.code),
                Err(Code::InvalidToken),
                "{name:?}"
            );
        }
        assert_eq!(
            method("connect").map_err(|error| error.code),
            Err(Code::InvalidArgValue)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn no_field_ends_its_line(
            name in "[a-zA-Z-]{1,8}|.{0,8}",
            value in "[a-z \t\r\n\0\x7f\u{e9}\u{100}:]{0,12}|(?s).{0,12}",
        ) {
            if let Ok(headers) = set_one(&name, &value) {
                prop_assert_eq!(headers.len(), 1);
                for (name, value) in &headers {
                    prop_assert!(name.as_str().bytes().all(|b| b.is_ascii_graphic() && b != b':'));
                    prop_assert!(value.as_bytes().iter().all(|&b| b == b'\t' || (b >= 0x20 && b != 0x7f)));
                }
            }
        }

        #[test]
        fn what_can_be_a_value_is_sent_as_it_is(value in "([!-~\u{80}-\u{ff}]([ -~\t\u{80}-\u{ff}]{0,12}[!-~\u{80}-\u{ff}])?)?") {
            let headers = set_one("a", &value).expect("it is Latin-1 without controls");
            let sent: String = headers["a"].as_bytes().iter().map(|&b| char::from(b)).collect();
            prop_assert_eq!(sent, value);
        }

        #[test]
        fn framing_is_not_for_callers_in_any_case(
            name in prop::sample::select(FRAMING.to_vec()),
            case: u32,
            value in "[a-z0-9]{0,8}",
        ) {
            let in_any_case = name.as_str().chars().enumerate().map(|(i, c)| {
                if case >> i & 1 == 1 { c.to_ascii_uppercase() } else { c }
            });
            prop_assert_eq!(set_one(&in_any_case.collect::<String>(), &value), Err(Code::InvalidArgValue));
        }
    }
}

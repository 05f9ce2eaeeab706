//! What fuzzing feeds: the code that reads what others wrote, each with what must hold whatever that is. `fuzz/` has the
//! targets; the test below runs what they have found interesting so far through the same functions.

#![expect(
    clippy::missing_panics_doc,
    reason = "a panic is what each of them is for"
)]

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use http::header::{CONTENT_ENCODING, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;
use url::Url;

use crate::cookies::CookieJar;
use crate::decode::Codings;
use crate::host_rules::{HostPattern, HostRules};
use crate::limits::bucket::Bucket;
use crate::rate::Rate;
use crate::retry_after;
use crate::transport::proxies::Proxies;
use crate::{charset, fields};

/// A target: its name, which is that of its corpus too, and what it runs.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 8] = [
    ("retry_after", retry_after),
    ("rate", rate),
    ("host_rules", host_rules),
    ("codings", codings),
    ("fields", fields),
    ("cookies", cookies),
    ("charset", charset),
    ("proxies", proxies),
];

/// A head, as lines of `name: value`.
pub fn retry_after(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in data.split(|&b| b == b'\n').take(100) {
        let mut parts = line.splitn(2, |&b| b == b':');
        let name = HeaderName::from_bytes(parts.next().unwrap_or_default());
        let value = HeaderValue::from_bytes(parts.next().unwrap_or_default());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_763_900_000);
    let wait = retry_after::asked_wait(&headers, now);
    assert!(wait.is_none_or(|wait| wait <= retry_after::LONGEST));
}

/// A rate, which makes a bucket that works.
pub fn rate(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let rate = match Rate::parse(&text) {
        Ok(rate) => rate,
        Err(error) => {
            assert!(error.detail.len() < 1_500, "{error}");
            return;
        }
    };
    assert!(rate.get().is_finite() && rate.get() > 0.0);
    assert!(rate.burst().is_finite() && rate.burst() >= 1.0);
    let mut now = Instant::now();
    let mut bucket = Bucket::new(rate, now);
    assert!(bucket.is_full(now) && bucket.ready_at(now).is_none());
    for _ in 0..8 {
        bucket.take(now);
        if let Some(ready) = bucket.ready_at(now) {
            assert!(ready > now && bucket.ready_at(ready).is_none());
            now = ready;
        }
    }
}

/// A URL, and patterns in the other lines: the rule found is the one that asking each finds.
pub fn host_rules(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.lines();
    let url = lines.next().and_then(|line| Url::parse(line).ok());
    let mut rules = HostRules::new();
    for line in lines.take(100) {
        let pattern = match HostPattern::parse(line) {
            Ok(pattern) => pattern,
            Err(error) => {
                assert!(error.detail.len() < 2_000, "{error}");
                continue;
            }
        };
        let again = HostPattern::parse(&pattern.to_string());
        assert_eq!(again.as_ref(), Ok(&pattern));
        rules.insert(pattern.clone(), pattern);
    }
    for (pattern, rule) in rules.iter() {
        assert_eq!(rules.get_same(pattern), Some(rule));
    }
    if let Some(url) = url {
        let ranks = rules
            .iter()
            .filter_map(|(pattern, _)| Some((pattern.rank(&url)?, pattern)));
        let expected = ranks.max_by_key(|(rank, _)| *rank);
        assert_eq!(
            rules.matching(&url).next(),
            expected.map(|(_, pattern)| pattern)
        );
    }
}

/// The lines of `Content-Encoding`: they mean the same in one line and in capitals.
pub fn codings(data: &[u8]) {
    let lines: Vec<_> = data
        .split(|&b| b == b'\n')
        .filter_map(|line| HeaderValue::from_bytes(line).ok())
        .collect();
    let one_line = lines.iter().fold(Vec::new(), |mut all, line| {
        all.extend_from_slice(line.as_bytes());
        all.push(b',');
        all
    });
    let capitals = HeaderValue::from_bytes(&one_line.to_ascii_uppercase());
    let several = read_codings(lines);
    let one = read_codings(capitals.into_iter().collect());
    assert_eq!(several, one);
    if let Ok(Codings::Known(known)) = several {
        assert!((1..=5).contains(&known.len()));
    }
}

fn read_codings(lines: Vec<HeaderValue>) -> Result<Codings, crate::Error> {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(CONTENT_ENCODING, line);
    }
    Codings::of(&headers)
}

/// A caller's fields, as lines of `name: value`, and what they look like on the wire.
pub fn fields(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = fields::method(&text);
    // A line ends with a character that no keyboard has, for the others must be possible in a value.
    let given: Vec<(String, String)> = text
        .split('\u{1e}')
        .map(|line| line.split_once(':').unwrap_or((line, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut headers = HeaderMap::new();
    if fields::set(&mut headers, &given).is_err() {
        return;
    }
    assert_eq!(headers.len(), given.len());
    let mut wire = String::new();
    for (name, value) in &headers {
        let value: String = value.as_bytes().iter().map(|&b| char::from(b)).collect();
        let _ = write!(wire, "{name}: {value}\r\n");
    }
    assert_eq!(wire.matches(['\r', '\n', '\0']).count(), 2 * given.len());
    for name in [
        "connection",
        "content-length",
        "expect",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ] {
        assert!(!headers.contains_key(name));
    }
}

/// A URL, and in the other lines what it answers as `Set-Cookie`: none of it reaches a host that has nothing to do with it, nor
/// breaks a line.
pub fn cookies(data: &[u8]) {
    let mut lines = data.split(|&b| b == b'\n');
    let url = lines.next().map(String::from_utf8_lossy);
    let Some(url) = url.and_then(|line| Url::parse(&line).ok()) else {
        return;
    };
    let mut headers = HeaderMap::new();
    for line in lines.take(100) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(SET_COOKIE, value);
        }
    }
    let jar = CookieJar::default();
    jar.keep(&url, &headers);
    let is_plain = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
    if let Some(field) = jar.field_for(&url) {
        assert!(field.len() <= 8_192 && field.as_bytes().iter().all(is_plain));
    }
    for other in ["http://unrelated.example/", "https://unrelated.example/"] {
        let other = Url::parse(other).unwrap_or_else(|_| unreachable!("it is a URL"));
        let is_related = url.host_str().is_some_and(|host| host.ends_with("example"));
        assert!(is_related || jar.field_for(&other).is_none());
    }
}

/// A `Content-Type` in the first line, and a body: it becomes text, and what is called UTF-8 is read as that.
pub fn charset(data: &[u8]) {
    let end = data.iter().position(|&b| b == b'\n').unwrap_or(data.len());
    let (content_type, body) = data.split_at(end);
    for content_type in [None, Some(content_type)] {
        let text = charset::decode(content_type, body);
        if charset::is_utf8(content_type, body) {
            let bare = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
            assert_eq!(text, String::from_utf8_lossy(bare));
        }
    }
}

/// A URL, what `ALL_PROXY` is set to, and what `NO_PROXY`: what is no proxy is refused without being shown.
pub fn proxies(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.lines();
    let Some(url) = lines.next().and_then(|line| Url::parse(line).ok()) else {
        return;
    };
    let environment = |proxy, no_proxy| {
        Proxies::of_environment(|name| match name {
            "ALL_PROXY" => proxy,
            "NO_PROXY" => no_proxy,
            _ => None,
        })
    };
    match environment(lines.next(), lines.next()) {
        Ok(proxies) => {
            let chosen = proxies.for_url(&url);
            assert!(chosen.is_none_or(Url::has_host));
            assert!(chosen.is_none() || matches!(url.scheme(), "http" | "https"));
        }
        // Whatever it was, the words are the same.
        Err(error) => assert_eq!(Some(error), environment(Some("::"), None).err()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn what_was_interesting_before_still_holds() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
        for (name, run) in TARGETS {
            let files = fs::read_dir(corpus.join(name)).expect(name);
            let mut count = 0;
            for file in files {
                run(&fs::read(file.expect(name).path()).expect(name));
                count += 1;
            }
            assert!(count >= 10, "{name} has {count} files");
        }
    }

    #[test]
    fn every_target_is_one_of_cargo_fuzz_too() {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
        let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).expect("it is there");
        for (name, _) in TARGETS {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        }
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    }
}

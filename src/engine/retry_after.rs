//! How long a server asks to be left alone, in the head of a 429 or 503: `Retry-After` (RFC 9110 §10.2.3), else `RateLimit`
//! (draft-ietf-httpapi-ratelimit-headers, and its earlier forms). What cannot be read for certain is not there. `X-RateLimit-*`
//! is never looked at: everybody counts it in units of their own.

use std::time::{Duration, SystemTime};

use http::header::{DATE, HeaderName, RETRY_AFTER};
use http::{HeaderMap, HeaderValue};

/// The longest wait that is told, thirty years: who asks for more gets this. It can be added to the clock of every platform.
pub(crate) const LONGEST: Duration = Duration::from_secs(30 * YEAR);

/// In seconds. A quota that comes back later than this is a point in time, which some servers send in place of a delay.
const YEAR: u64 = 365 * 24 * 3_600;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RATE_LIMIT_RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// How long the server asks to be left alone, if its head says so in a form that can be read: at most [`LONGEST`].
/// Dates are taken relative to the head's own, else to `now`.
pub(crate) fn asked_wait(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    retry_after(headers, now)
        .or_else(|| rate_limit(headers))
        .or_else(|| rate_limit_trio(headers))
        .map(|wait| wait.min(LONGEST))
}

fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    // The server's clock and ours may differ; the difference of two of its own times does not.
    let now = || headers.get_all(DATE).iter().find_map(date).unwrap_or(now);
    let wait = |value: &HeaderValue| match seconds(text(value)?) {
        Some(seconds) => Some(Duration::from_secs(seconds)),
        None => Some(date(value)?.duration_since(now()).unwrap_or_default()),
    };
    // Given twice, to wait too long is the lesser mistake.
    headers.get_all(RETRY_AFTER).iter().filter_map(wait).max()
}

/// The newest form, a list of policies such as `"default";r=0;t=30`, or the one before it, `limit=9, remaining=0, reset=30`.
fn rate_limit(headers: &HeaderMap) -> Option<Duration> {
    let lines = headers.get_all(RATE_LIMIT).iter().map(text);
    let field = lines.collect::<Option<Vec<_>>>()?.join(",");
    let members = split(&field, ',')?;
    let mut policies = Vec::new();
    // The pairs of the one-field form are members of their own.
    let mut pairs = Vec::new();
    for member in members.into_iter().filter(|member| !member.is_empty()) {
        let parts = split(member, ';')?;
        let (&first, parameters) = parts.split_first()?;
        if let Some(pair) = pair(first) {
            pairs.push(pair);
        } else if is_policy(first) {
            let parameters: Vec<_> = parameters.iter().filter_map(|part| pair(part)).collect();
            policies.push(reset_if_spent(&parameters, "r", "t"));
        } else {
            return None;
        }
    }
    match (policies.is_empty(), pairs.is_empty()) {
        (false, true) => policies.into_iter().flatten().max(),
        (true, false) => reset_if_spent(&pairs, "remaining", "reset"),
        // Both forms in one field say nothing clearly.
        _ => None,
    }
}

/// The oldest form, each value in a field of its own.
fn rate_limit_trio(headers: &HeaderMap) -> Option<Duration> {
    let only = |name| {
        let mut lines = headers.get_all(name).iter();
        let first = lines.next()?;
        text(first).filter(|_| lines.all(|other| other == first))
    };
    let pairs = [
        ("remaining", only(RATE_LIMIT_REMAINING)?),
        ("reset", only(RATE_LIMIT_RESET)?),
    ];
    reset_if_spent(&pairs, "remaining", "reset")
}

/// The time that `reset` tells in seconds, if `remaining` is 0; nothing if either is missing, repeated or odd.
fn reset_if_spent(pairs: &[(&str, &str)], remaining: &str, reset: &str) -> Option<Duration> {
    let value = |key| {
        let mut values = pairs.iter().filter(|pair| pair.0 == key).map(|pair| pair.1);
        values
            .next()
            .filter(|_| values.next().is_none())
            .and_then(seconds)
    };
    let reset = value(reset).filter(|&seconds| seconds <= YEAR)?;
    (value(remaining)? == 0).then(|| Duration::from_secs(reset))
}

/// `text` cut at every `separator` outside quoted strings, without the white space around; `None` if a string does not end.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut is_quoted = false;
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if c == separator && !is_quoted => {
                parts.push(trim(&text[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(trim(&text[start..]));
    (!is_quoted).then_some(parts)
}

/// A key and its value, as `key=value`.
fn pair(text: &str) -> Option<(&str, &str)> {
    text.split_once('=').filter(|(key, _)| is_token(key))
}

/// The name of a policy: a string, or a token as drafts had it.
fn is_policy(text: &str) -> bool {
    (text.len() > 1 && text.starts_with('"') && text.ends_with('"')) || is_token(text)
}

fn is_token(text: &str) -> bool {
    let is_known = |b: u8| b.is_ascii_alphanumeric() || b"-_.*".contains(&b);
    !text.is_empty() && text.bytes().all(is_known)
}

/// Seconds as RFC 9110 writes them: digits and nothing else, however many.
fn seconds(text: &str) -> Option<u64> {
    let is_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // Digits fail to be a number for being too many alone.
    is_digits.then(|| text.parse().unwrap_or(u64::MAX))
}

fn date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(text(value)?).ok()
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok().map(trim)
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT.
    const THEN: Duration = Duration::from_secs(784_111_777);

    fn asked(fields: &[(&str, &str)]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let name: HeaderName = name.parse().expect("it is a name");
            headers.append(name, value.parse().expect("it is a value"));
        }
        let wait = asked_wait(&headers, SystemTime::UNIX_EPOCH + THEN)?;
        Some(wait.as_secs())
    }

    fn retry_after(value: &str) -> Option<u64> {
        asked(&[("retry-after", value)])
    }

    #[test]
    fn seconds_are_digits() {
        assert_eq!(retry_after("120"), Some(120));
        assert_eq!(retry_after(" \t0007 \t"), Some(7));
        assert_eq!(retry_after("0"), Some(0));
        for value in [
            "",
            " ",
            "-1",
            "+1",
            "1.5",
            "abc",
            "5, 10",
            "5 10",
            "0x10",
            "Infinity",
            "NaN",
            "1e9",
            "5s",
            "Sun, 06 Nov 1994",
            "tomorrow",
            "\u{e9}",
        ] {
            assert_eq!(retry_after(value), None, "{value:?}");
        }
    }

    #[test]
    fn endless_waits_are_long_and_never_short() {
        for value in ["946080001", "18446744073709551615", "18446744073709551616"] {
            assert_eq!(retry_after(value), Some(LONGEST.as_secs()), "{value}");
        }
        assert_eq!(retry_after(&"9".repeat(5_000)), Some(LONGEST.as_secs()));
        assert_eq!(
            retry_after("Fri, 31 Dec 9999 23:59:59 GMT"),
            Some(LONGEST.as_secs())
        );
    }

    #[test]
    fn dates_are_read_in_all_three_forms() {
        for value in [
            "Sun, 06 Nov 1994 08:49:47 GMT",
            "Sunday, 06-Nov-94 08:49:47 GMT",
            "Sun Nov  6 08:49:47 1994",
        ] {
            assert_eq!(retry_after(value), Some(10), "{value}");
        }
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:36 GMT"), Some(0));
        assert_eq!(retry_after("Sun, 99 Nov 1994 08:49:36 GMT"), None);
    }

    #[test]
    fn a_date_is_relative_to_the_servers_own_clock() {
        let at = |date| {
            asked(&[
                ("retry-after", "Sun, 06 Nov 1994 09:00:00 GMT"),
                ("date", date),
            ])
        };
        assert_eq!(at("Sun, 06 Nov 1994 08:59:55 GMT"), Some(5));
        assert_eq!(at("Mon, 07 Nov 1994 08:59:55 GMT"), Some(0));
        assert_eq!(at("some day"), Some(623));
    }

    #[test]
    fn of_several_lines_the_longest_that_can_be_read_counts() {
        assert_eq!(
            asked(&[
                ("retry-after", "5"),
                ("retry-after", "soon"),
                ("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT"),
                ("retry-after", "7"),
            ]),
            Some(10)
        );
    }

    #[test]
    fn a_spent_quota_is_a_wait() {
        for (value, expected) in [
            ("\"default\";r=0;t=30", Some(30)),
            ("\"default\"; r=0; t=30", Some(30)),
            ("\"a\";r=0;t=3, \"b\";r=0;t=60, \"c\";r=1;t=900", Some(60)),
            ("\"a,b;r=0;t=9 \\\" \";t=4;r=0;pk=:cHs=:", Some(4)),
            ("default;r=0;t=5", Some(5)),
            ("limit=100, remaining=0, reset=30", Some(30)),
            ("limit=100,remaining=0,reset=30,", Some(30)),
            ("\"default\";r=5;t=30", None),
            ("\"default\";t=30", None),
            ("\"default\";r=0", None),
            ("\"default\";r=0;t=-3", None),
            ("\"default\";r=0;t=3.5", None),
            ("\"default\";r=0;r=9;t=3", None),
            ("\"default\";r=0;t=\"30\"", None),
            ("\"default;r=0;t=30", None),
            ("limit=100, remaining=1, reset=30", None),
            ("limit=100, remaining=0", None),
            ("remaining=0, reset=1763900000", None),
            ("remaining=0, reset=30, remaining=4", None),
            ("\"default\";r=0;t=30, remaining=0, reset=3", None),
            ("\"default\";r=5;t=30, remaining=0, reset=3", None),
            ("(\"a\" \"b\");r=0;t=30", None),
            ("", None),
            (",;,=", None),
        ] {
            assert_eq!(asked(&[("ratelimit", value)]), expected, "{value}");
        }
        let lines = [
            ("RateLimit", "\"a\";r=0;t=3"),
            ("RateLimit", "\"b\";r=0;t=4"),
        ];
        assert_eq!(asked(&lines), Some(4));
    }

    #[test]
    fn the_older_trio_is_read_where_it_is_clear() {
        let trio = |remaining, reset| {
            asked(&[
                ("ratelimit-limit", "10"),
                ("ratelimit-remaining", remaining),
                ("ratelimit-reset", reset),
            ])
        };
        assert_eq!(trio("0", "12"), Some(12));
        assert_eq!(trio("1", "12"), None);
        assert_eq!(trio("0", "1763900000"), None, "a point in time");
        assert_eq!(trio("0", "Sun, 06 Nov 1994 09:00:00 GMT"), None);
        let twice = ("ratelimit-reset", "5");
        assert_eq!(
            asked(&[
                ("ratelimit-remaining", "0"),
                twice,
                ("ratelimit-reset", "6")
            ]),
            None
        );
        assert_eq!(
            asked(&[("ratelimit-remaining", "0"), twice, twice]),
            Some(5)
        );
        assert_eq!(
            asked(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "5")]),
            None
        );
    }

    #[test]
    fn a_readable_retry_after_goes_first() {
        let quota = ("ratelimit", "\"default\";r=0;t=30");
        assert_eq!(asked(&[quota, ("retry-after", "0")]), Some(0));
        assert_eq!(asked(&[quota, ("retry-after", "soon")]), Some(30));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn any_head_is_read_without_a_panic_and_within_bounds(
            fields in prop::collection::vec(
                (
                    prop::sample::select(vec!["retry-after", "date", "ratelimit", "ratelimit-remaining", "ratelimit-reset"]),
                    "[0-9]{0,25}|[\"a-z0-9=;, \\\\\\-:.]{0,40}|\"[a-z,;]{0,4}\";r=[01];t=[0-9]{1,20}|[ -~\u{a0}-\u{ff}]{0,40}",
                ),
                0..6,
            ),
        ) {
            let mut headers = HeaderMap::new();
            for (name, value) in &fields {
                headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).expect("it is one"));
            }
            let wait = asked_wait(&headers, SystemTime::now());
            prop_assert!(wait.unwrap_or_default() <= LONGEST);
        }

        #[test]
        fn seconds_and_dates_are_told_as_they_were_meant(wait in 0_u64..100_000_000) {
            prop_assert_eq!(retry_after(&format!(" {wait}\t")), Some(wait));
            let then = SystemTime::UNIX_EPOCH + THEN + Duration::from_secs(wait);
            prop_assert_eq!(retry_after(&httpdate::fmt_http_date(then)), Some(wait));
        }
    }
}

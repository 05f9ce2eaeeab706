//! What servers may set, and what is sent back.

use cookie::time::Duration;
use proptest::prelude::*;

use super::stored::MAX_LINE;
use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).expect("it is a URL")
}

fn keep(jar: &CookieJar, from: &str, lines: &[&str]) {
    let mut headers = HeaderMap::new();
    for line in lines {
        let line = HeaderValue::from_bytes(line.as_bytes()).expect("it may be in a head");
        headers.append(SET_COOKIE, line);
    }
    jar.keep(&url(from), &headers);
}

fn jar(from: &str, lines: &[&str]) -> CookieJar {
    let jar = CookieJar::default();
    keep(&jar, from, lines);
    jar
}

fn sent(jar: &CookieJar, to: &str) -> String {
    let field = jar.field_for(&url(to));
    let bytes = field.map_or(Vec::new(), |field| field.as_bytes().to_vec());
    String::from_utf8(bytes).expect("it is UTF-8")
}

/// Whether what `from` sets by `line` is sent to `to`.
fn goes(from: &str, line: &str, to: &str) -> bool {
    !sent(&jar(from, &[line]), to).is_empty()
}

#[test]
fn a_cookie_without_a_domain_is_for_its_host_alone() {
    let from = "http://a.test.com:81/";
    for line in ["n=v", "n=v; Domain", "n=v; Domain=", "n=v; Domain=."] {
        assert!(goes(from, line, "http://a.test.com/"));
        assert!(goes(from, line, "https://a.test.com:82/"));
        for to in ["b.a.test.com", "b.test.com", "test.com", "a.test.com."] {
            assert!(!goes(from, line, &format!("http://{to}/")), "{line} {to}");
        }
    }
}

#[test]
fn a_domain_is_the_host_or_a_parent_that_one_owner_has() {
    for (host, domain, also) in [
        ("a.test.com", "test.com", Some("b.test.com")),
        ("a.test.com", ".TEST.Com", Some("test.com")),
        ("a.test.com", "a.test.com", Some("b.a.test.com")),
        ("a.b.co.uk", "b.co.uk", Some("c.b.co.uk")),
        ("b\u{fc}.de", "B\u{dc}.de", Some("x.xn--b-eha.de")),
        ("user.github.io", "user.github.io", Some("x.user.github.io")),
        ("www.ck", "www.ck", Some("x.www.ck")),
    ] {
        let (from, line) = (format!("http://{host}/"), format!("n=v; Domain={domain}"));
        assert!(goes(&from, &line, &from), "{host} {domain}");
        if let Some(also) = also {
            assert!(goes(&from, &line, &format!("http://{also}/")), "{also}");
        }
    }
    let jar = jar("http://a.test.com/", &["n=v; Domain=test.com"]);
    for other in ["xtest.com", "test.com.evil.com", "com", "test.com."] {
        assert_eq!(sent(&jar, &format!("http://{other}/")), "", "{other}");
    }
}

#[test]
fn no_other_domain_is_let_set_a_cookie() {
    for (host, domain) in [
        ("a.test.com", "com"),
        ("a.test.com", ".com"),
        ("a.test.com", "..com"),
        ("a.test.com", "com."),
        ("a.test.com", "%63om"),
        ("a.test.com.", "com"),
        ("a.test.com.", "com."),
        ("a.test.com.", "test.com"),
        ("a.test.com.", "test.com."),
        ("a.co.uk", "CO.UK"),
        ("a.co.uk.", "co.uk."),
        ("a.co.uk", "\u{ff23}\u{ff2f}.uk"),
        ("a.github.io", ".github.io"),
        ("a.\u{516c}\u{53f8}.cn", "\u{516c}\u{53f8}.cn"),
        ("a.b.ck", "b.ck"),
        ("a.s3.amazonaws.com", "amazonaws.com"),
        ("a.intranet", "intranet"),
        ("a.test.com", "b.test.com"),
        ("a.test.com", "x.a.test.com"),
        ("a.test.com", "est.com"),
        ("a.test.com", "evil.com"),
        ("a.test.com", "a test.com"),
        ("a.test.com", "127.0.0.1"),
        ("127.0.0.1", "0.0.1"),
        ("127.0.0.1", "1"),
        ("127.0.0.1", "127.0.0.2"),
        ("[::1]", "1"),
    ] {
        let (from, line) = (format!("http://{host}/"), format!("n=v; Domain={domain}"));
        let jar = jar(&from, &[&line]);
        assert_eq!(jar.lock().count, 0, "{host} {domain}");
    }
}

#[test]
fn a_suffix_or_an_address_may_set_one_for_itself_alone() {
    for (host, domain, other) in [
        ("github.io", "GitHub.io", "a.github.io"),
        ("localhost", "localhost", "a.localhost"),
        ("test.com.", "test.com.", "a.test.com."),
        ("127.0.0.1", "127.0.0.1", "10.0.0.1"),
        ("[::1]", "[::1]", "[::2]"),
    ] {
        let (from, line) = (format!("http://{host}/"), format!("n=v; Domain={domain}"));
        assert_eq!(sent(&jar(&from, &["n=w", &line]), &from), "n=v");
        assert!(!goes(&from, &line, &format!("http://{other}/")), "{other}");
    }
}

#[test]
fn cookies_of_one_name_for_several_domains_are_several() {
    let lines = [
        "n=1",
        "n=2; Domain=a.test.com",
        "n=3; Domain=test.com",
        "n=4",
    ];
    let jar = jar("http://a.test.com/", &lines);
    assert_eq!(sent(&jar, "http://a.test.com/"), "n=4; n=2; n=3");
    assert_eq!(sent(&jar, "http://b.test.com/"), "n=3");
}

#[test]
fn paths_match_by_whole_segments() {
    for (from, line, to, expected) in [
        ("/a/b", "n=v", "/a", true),
        ("/a/b", "n=v", "/a/c?q", true),
        ("/a/b", "n=v", "/", false),
        ("/a/b", "n=v", "/ab", false),
        ("/a", "n=v", "/x", true),
        ("/a/b", "n=v; Path=x", "/a/", true),
        ("/a/b", "n=v; Path=", "/x", false),
        ("/", "n=v; Path=/foo", "/foo", true),
        ("/", "n=v; Path=/foo", "/foo/x", true),
        ("/", "n=v; Path=/foo", "/foobar", false),
        ("/", "n=v; Path=/foo", "/FOO", false),
        ("/", "n=v; Path=/foo/", "/foo/x", true),
        ("/", "n=v; Path=/foo/", "/foo", false),
    ] {
        let (from, to) = (format!("http://a.test{from}"), format!("http://a.test{to}"));
        assert_eq!(goes(&from, line, &to), expected, "{from} {line} {to}");
    }
}

#[test]
fn secure_cookies_come_and_go_by_https_alone() {
    for host in ["a.test", "localhost", "127.0.0.1"] {
        let (http, https) = (format!("http://{host}/"), format!("https://{host}/"));
        assert!(goes(&https, "n=v; secure", &https));
        assert!(!goes(&https, "n=v; Secure", &http), "{host}");
        assert!(!goes(&http, "n=v; Secure=no", &https), "{host}");
        assert!(goes(&https, "n=v; HttpOnly; SameSite=Strict", &http));
    }
}

#[test]
fn a_cookie_that_came_by_http_does_not_stand_in_for_a_secure_one() {
    let line = "n=v; Secure; Domain=test.com; Path=/a";
    let jar = jar("https://a.test.com/", &[line]);
    for (host, line) in [
        ("a.test.com", "n=x; Domain=test.com; Path=/a"),
        ("a.test.com", "n=x; Domain=test.com; Path=/a; Max-Age=0"),
        ("b.a.test.com", "n=x; Path=/a/b"),
        ("test.com", "n=x; Path=/a"),
    ] {
        keep(&jar, &format!("http://{host}/"), &[line]);
        let to = format!("https://{host}/a/b");
        assert_eq!(sent(&jar, &to), "n=v", "{host} {line}");
    }
    keep(&jar, "http://a.test.com/", &["n=x; Path=/", "N=y; Path=/a"]);
    assert_eq!(sent(&jar, "https://a.test.com/a"), "n=v; N=y; n=x");
    keep(&jar, "https://c.test.com/", &["m=v; Secure"]);
    keep(&jar, "http://d.test.com/", &["m=x; Domain=test.com", "m=y"]);
    assert_eq!(sent(&jar, "https://c.test.com/"), "m=v");
    assert_eq!(sent(&jar, "https://d.test.com/"), "m=y");
}

#[test]
fn a_prefix_of_the_name_promises_attributes() {
    for (line, expected) in [
        ("__Secure-n=v; Secure", true),
        ("__Secure-n=v", false),
        ("__secure-n=v", false),
        ("__Host-n=v; Secure; Path=/", true),
        ("__Host-n=v; Secure", false),
        ("__Host-n=v; Path=/", false),
        ("__HOST-n=v; Secure; Path=/x", false),
        ("__Host-n=v; Secure; Path=/; Domain=a.test.com", false),
        ("__Hos\u{e9}-n=v", true),
    ] {
        let from = "https://a.test.com/";
        assert_eq!(goes(from, line, from), expected, "{line}");
    }
    let plain = "http://a.test.com/";
    assert!(!goes(plain, "__Secure-n=v; Secure", plain));
}

#[test]
fn an_age_of_zero_or_a_date_in_the_past_deletes() {
    let from = "http://a.test/";
    for (attribute, expected) in [
        ("Max-Age=0", ""),
        ("Max-Age=-1", ""),
        ("Max-Age=-99999999999999999999", ""),
        ("Expires=Thu, 01 Jan 1970 00:00:00 GMT", ""),
        ("Expires=Thu, 01-Jan-70 00:00:00 GMT", ""),
        ("Expires=Thursday, 01-Jan-70 00:00:00 GMT", ""),
        ("Expires=Thu Jan  1 00:00:00 1970", ""),
        ("Max-Age=0; Expires=Fri, 01 Jan 9999 00:00:00 GMT", ""),
        ("Max-Age=9; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "n=w"),
        ("Expires=Fri, 31 Dec 9999 23:59:59 GMT", "n=w"),
        ("Expires=whenever", "n=w"),
        ("Max-Age=1e9", "n=w"),
        ("Max-Age=9223372036854775807", "n=w"),
        ("Max-Age=9223372036854775808", "n=w"),
        ("Max-Age=99999999999999999999", "n=w"),
    ] {
        let jar = jar(from, &["n=v", &format!("n=w; {attribute}")]);
        assert_eq!(sent(&jar, from), expected, "{attribute}");
        assert_eq!(jar.lock().count, expected.len() / 3, "{attribute}");
    }
}

#[test]
fn an_expired_cookie_is_neither_sent_nor_held() {
    let from = "http://a.test/";
    let jar = jar(from, &["n=v; Max-Age=60"]);
    let after = |seconds| OffsetDateTime::now_utc() + Duration::seconds(seconds);
    assert!(jar.field_at(&url(from), after(50)).is_some());
    assert!(jar.field_at(&url(from), after(60)).is_none());
    let headers = HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static("m=v"))]);
    jar.keep_at(&url(from), &headers, after(60));
    assert_eq!(jar.lock().count, 1);
}

#[test]
fn names_and_values_come_back_byte_for_byte() {
    let from = "http://a.test/";
    for (line, expected) in [
        ("Name = a b ; x", "Name=a b"),
        ("n=\"q\"", "n=\"q\""),
        ("n=%41=b=", "n=%41=b="),
        ("n=", "n="),
        ("\u{e9}=\u{fc}\u{1f36a}", "\u{e9}=\u{fc}\u{1f36a}"),
        ("n=a\tb", "n=a\tb"),
        ("", ""),
        ("n", ""),
        ("=v", ""),
        ("; n=v", ""),
    ] {
        assert_eq!(sent(&jar(from, &[line]), from), expected, "{line:?}");
    }
    let both = jar(from, &["n=1", "N=2"]);
    assert_eq!(sent(&both, from), "n=1; N=2");
    assert!(!format!("{both:?}").contains("n=1"));
    assert!(both.field_for(&url(from)).is_some_and(|f| f.is_sensitive()));
}

#[test]
fn control_characters_and_other_encodings_are_refused() {
    let from = url("http://a.test/");
    let latin = HeaderValue::from_bytes(b"n=\xe9").expect("it may be in a head");
    assert!(StoredCookie::read(&latin, &from, OffsetDateTime::now_utc()).is_none());
    for byte in (0..0x20).chain([0x7f]).filter(|byte| *byte != b'\t') {
        // No head can have it. If one could, the pair could not be made.
        assert!(HeaderValue::from_bytes(&[b'n', b'=', byte, b'v']).is_err());
    }
}

#[test]
fn longer_paths_come_first_and_then_older_cookies() {
    let jar = jar("http://a.test/", &["a=1", "b=1; Path=/x", "c=1"]);
    keep(&jar, "http://a.test/x/y", &["d=1", "c=2; Path=/", "a=2"]);
    assert_eq!(sent(&jar, "http://a.test/x/"), "b=1; d=1; a=2; a=1; c=2");
}

#[test]
fn there_is_an_end_to_what_one_response_sets() {
    let from = "http://a.test/";
    let lines: Vec<String> = (0..60).map(|n| format!("n{n}=v")).collect();
    let lines: Vec<&str> = ["no", "n=v; Domain=test"]
        .into_iter()
        .chain(lines.iter().map(String::as_str))
        .collect();
    assert_eq!(jar(from, &lines).lock().count, MAX_PER_RESPONSE);
    for (length, expected) in [(MAX_LINE, true), (MAX_LINE + 1, false)] {
        let line = format!("n={}", "v".repeat(length - 2));
        assert_eq!(goes(from, &line, from), expected, "{length}");
    }
}

#[test]
fn there_is_an_end_to_what_one_site_and_all_have() {
    let one = CookieJar::default();
    for n in 0..10_000 {
        let from = format!("http://h{n}.test.com/");
        let line = format!("n{n}=v; Domain=test.com");
        keep(&one, &from, &["n0=v; Domain=test.com", &line]);
    }
    assert_eq!(one.lock().count, MAX_PER_SITE);
    assert!(sent(&one, "http://test.com/").starts_with("n0=v; n9821=v; "));
    let many = CookieJar::default();
    for n in 0..=MAX_IN_ALL {
        keep(
            &many,
            &format!("http://h{n}.com/"),
            &["n=v", "m=v; Max-Age=0"],
        );
    }
    assert_eq!(many.lock().count, MAX_IN_ALL + 1 - PURGED);
    assert_eq!(sent(&many, "http://h299.com/"), "");
    assert_eq!(sent(&many, "http://h300.com/"), "n=v");
    let none = jar("http://a.test/", &["n=v; Max-Age=0"]);
    assert!(none.lock().sites.is_empty());
}

#[test]
fn a_field_is_no_longer_than_servers_take() {
    let value = "v".repeat(1_021);
    let lines: Vec<String> = (0..9).map(|n| format!("{n}={value}")).collect();
    let jar = jar(
        "http://a.test/",
        &lines.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let field = sent(&jar, "http://a.test/");
    assert_eq!(field.len(), 7 * 1_025 - 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_a_line_says_it_is_for_its_own_site_alone(
        start in "[a-z_]{0,3}=[ -~]{0,9}",
        attributes in proptest::collection::vec(
            ("(?i)domain|path|max-age|expires|secure", "[.]?(com|test|[0-9-]{0,25}|[.a-z%:\u{e9}]{0,9})"),
            0..5,
        ),
        end in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let attributes = attributes.iter().map(|(name, value)| format!("; {name}={value}"));
        let mut line = (start + &attributes.collect::<String>()).into_bytes();
        line.extend(end);
        let jar = CookieJar::default();
        if let Ok(line) = HeaderValue::from_bytes(&line) {
            let headers = HeaderMap::from_iter([(SET_COOKIE, line)]);
            for host in ["https://a.test.com/", "http://127.0.0.1/", "http://a.test.com./"] {
                jar.keep(&url(host), &headers);
            }
        }
        for host in ["https://b.com/", "https://com/", "https://xtest.com/", "http://1.0.0.1/"] {
            prop_assert!(jar.field_for(&url(host)).is_none());
        }
    }
}

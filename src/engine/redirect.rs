//! Where a redirect leads and what is sent there, by the fetch standard (HTTP-redirect fetch). Pure.

use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION,
    CONTENT_TYPE, COOKIE, HOST, HeaderName, LOCATION, PROXY_AUTHORIZATION,
};
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use crate::credentials::strip_credentials;
use crate::error::{Code, Error};
use crate::job::{check_scheme, origin_key};
use crate::options::RedirectMode;
use crate::transport::{Head, Request};

/// What must not reach another origin than it was meant for.
const CREDENTIALS: [HeaderName; 5] = [
    AUTHORIZATION,
    COOKIE,
    HeaderName::from_static("cookie2"),
    PROXY_AUTHORIZATION,
    HOST,
];

/// What describes a body, and goes with it.
const BODY_FIELDS: [HeaderName; 5] = [
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_LENGTH,
    CONTENT_LOCATION,
    CONTENT_TYPE,
];

/// The request that `head` asks for in place of `request`, if it redirects and `mode` has it followed. Besides credentials,
/// the headers in `sensitive` are not for another origin.
pub(crate) fn follow(
    request: &Request,
    head: &Head,
    mode: RedirectMode,
    sensitive: &[HeaderName],
) -> Result<Option<Request>, Error> {
    if !matches!(head.status.as_u16(), 301 | 302 | 303 | 307 | 308) || mode == RedirectMode::Manual
    {
        return Ok(None);
    }
    if mode == RedirectMode::Error {
        return Err(Error::new(Code::Redirect, "the server redirects"));
    }
    let Some(url) = target(&request.url, head)? else {
        return Ok(None);
    };
    let mut next = Request {
        url,
        is_fresh: false,
        ..request.clone()
    };
    if changes_to_get(&request.method, head.status) {
        next.method = Method::GET;
        next.body = None;
        remove(&mut next.headers, &BODY_FIELDS);
    }
    if origin_key(&next.url) != origin_key(&request.url) {
        remove(&mut next.headers, &CREDENTIALS);
        remove(&mut next.headers, sensitive);
    }
    Ok(Some(next))
}

fn target(from: &Url, head: &Head) -> Result<Option<Url>, Error> {
    let Some(location) = head.headers.get(LOCATION) else {
        return Ok(None);
    };
    let invalid = |why: String| {
        Error::new(
            Code::InvalidRedirect,
            format!("the redirect's Location is {why}"),
        )
    };
    if head
        .headers
        .get_all(LOCATION)
        .iter()
        .any(|other| other != location)
    {
        return Err(invalid("given twice, and differently".into()));
    }
    // Servers write raw UTF-8 there; whatever else it is, the URL parser sees replacement characters.
    let location = String::from_utf8_lossy(location.as_bytes());
    let mut url = from
        .join(&location)
        .map_err(|error| invalid(format!("invalid: {error}")))?;
    check_scheme(&url)?;
    // Credentials in a Location are the server's invention, and no message may show them.
    strip_credentials(&mut url);
    url.set_fragment(None);
    if http::Uri::try_from(url.as_str()).is_err() {
        return Err(invalid("not one that HTTP can carry".into()));
    }
    Ok(Some(url))
}

fn remove(headers: &mut HeaderMap, names: &[HeaderName]) {
    for name in names {
        headers.remove(name);
    }
}

fn changes_to_get(method: &Method, status: StatusCode) -> bool {
    match status.as_u16() {
        301 | 302 => method == Method::POST,
        303 => method != Method::GET && method != Method::HEAD,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderValue, Version};

    use super::*;

    fn request(method: Method) -> Request {
        let mut headers = HeaderMap::new();
        for name in ["authorization", "cookie", "content-type", "accept"] {
            headers.insert(name, HeaderValue::from_static("x"));
        }
        let url = Url::parse("http://a.test/dir/page?q").expect("it is a URL");
        Request {
            method,
            url,
            headers,
            body: Some(Bytes::from_static(b"x")),
            is_fresh: false,
        }
    }

    fn head(status: u16, location: Option<&'static str>) -> Head {
        let mut headers = HeaderMap::new();
        if let Some(location) = location {
            headers.insert(LOCATION, HeaderValue::from_static(location));
        }
        let status = StatusCode::from_u16(status).expect("it is a status");
        Head {
            status,
            version: Version::HTTP_11,
            reason: None,
            headers,
            remote: None,
        }
    }

    /// As by default.
    fn follow(request: &Request, head: &Head) -> Result<Option<Request>, Error> {
        super::follow(request, head, RedirectMode::Follow, &[])
    }

    fn follow_to(location: &'static str) -> Result<String, Code> {
        let next = follow(&request(Method::GET), &head(302, Some(location)));
        next.map_err(|error| error.code)
            .map(|next| next.map_or(String::new(), |next| next.url.into()))
    }

    #[test]
    fn locations_are_resolved_as_the_url_standard_says() {
        let cases = [
            ("/x", "http://a.test/x"),
            ("x", "http://a.test/dir/x"),
            ("../../../x", "http://a.test/x"),
            ("?z", "http://a.test/dir/page?z"),
            ("//b.test/x", "http://b.test/x"),
            ("", "http://a.test/dir/page?q"),
            ("#f", "http://a.test/dir/page?q"),
            ("https://u:p@b.test/", "https://b.test/"),
            (" /a b\t", "http://a.test/a%20b"),
            ("/a\tb", "http://a.test/ab"),
            ("http:x", "http://a.test/dir/x"),
            ("/%2e%2e/\\x", "http://a.test//x"),
            ("http://A.TEST:80/x", "http://a.test/x"),
            (
                "http://unix:/run/docker.sock",
                "http://unix/run/docker.sock",
            ),
        ];
        for (location, url) in cases {
            assert_eq!(follow_to(location).as_deref(), Ok(url), "{location:?}");
        }
    }

    #[test]
    fn a_location_that_leads_nowhere_is_an_error() {
        assert_eq!(follow_to("http://[::1"), Err(Code::InvalidRedirect));
        assert_eq!(follow_to("http://a b/"), Err(Code::InvalidRedirect));
        assert_eq!(follow_to("http://{a}/"), Err(Code::InvalidRedirect));
        for location in [
            "file:///etc/passwd",
            "data:,x",
            "javascript:1",
            "ftp://a.test/",
            "gopher://a.test/",
            "unix:/run/docker.sock",
            "ws://a.test/",
        ] {
            assert_eq!(
                follow_to(location),
                Err(Code::UnsupportedProtocol),
                "{location}"
            );
        }
    }

    #[test]
    fn bytes_beyond_ascii_are_read_as_utf_8() {
        let cases: [(&[u8], &str); 2] = [
            ("/\u{e9}".as_bytes(), "http://a.test/%C3%A9"),
            (b"/\xe9", "http://a.test/%EF%BF%BD"),
        ];
        for (location, url) in cases {
            let mut head = head(302, None);
            let value = HeaderValue::from_bytes(location).expect("it may be in a head");
            head.headers.insert(LOCATION, value);
            let next = follow(&request(Method::GET), &head);
            let next = next.ok().flatten().expect("it redirects");
            assert_eq!(next.url.as_str(), url);
        }
    }

    #[test]
    fn a_location_longer_than_http_can_carry_is_an_error() {
        let long = format!("/{}", "x".repeat(70_000)).leak();
        assert_eq!(follow_to(long), Err(Code::InvalidRedirect));
    }

    #[test]
    fn what_its_sender_alone_knows_to_be_secret_goes_along_unless_it_is_named() {
        let key = HeaderName::from_static("x-api-key");
        let mut request = request(Method::GET);
        request.headers.insert(&key, HeaderValue::from_static("x"));
        for (sensitive, location, goes_along) in [
            (&[][..], "http://b.test/x", true),
            (std::slice::from_ref(&key), "http://b.test/x", false),
            (std::slice::from_ref(&key), "/x", true),
        ] {
            let head = head(302, Some(location));
            let next = super::follow(&request, &head, RedirectMode::Follow, sensitive);
            let next = next.ok().flatten().expect("it redirects");
            assert_eq!(next.headers.contains_key(&key), goes_along, "{location}");
        }
    }

    #[test]
    fn a_redirect_is_followed_only_if_it_is_to_be() {
        let request = request(Method::GET);
        for location in [Some("/x"), Some("http://[::1"), None] {
            let head = head(302, location);
            let follow = |mode| super::follow(&request, &head, mode, &[]);
            assert!(follow(RedirectMode::Manual).is_ok_and(|next| next.is_none()));
            let error = follow(RedirectMode::Error).expect_err("it redirects");
            assert_eq!(error.code, Code::Redirect);
        }
        let head = head(304, Some("/x"));
        let next = super::follow(&request, &head, RedirectMode::Error, &[]);
        assert!(next.is_ok_and(|next| next.is_none()));
    }

    #[test]
    fn a_cookie_that_is_set_on_the_way_is_not_sent() {
        let mut request = request(Method::GET);
        request.headers.remove(COOKIE);
        let mut head = head(302, Some("/x"));
        let cookie = HeaderValue::from_static("a=b; Path=/");
        head.headers.insert(http::header::SET_COOKIE, cookie);
        let next = follow(&request, &head);
        let next = next.ok().flatten().expect("it redirects");
        assert_eq!(next.headers, request.headers);
    }

    #[test]
    fn only_the_five_statuses_with_a_location_redirect() {
        for status in [200, 201, 300, 304, 305, 306] {
            let next = follow(&request(Method::GET), &head(status, Some("/x")));
            assert!(next.is_ok_and(|next| next.is_none()), "{status}");
        }
        let next = follow(&request(Method::GET), &head(302, None));
        assert!(next.is_ok_and(|next| next.is_none()));
    }

    #[test]
    fn the_method_changes_as_browsers_change_it() {
        let cases = [
            (301, Method::POST, Method::GET),
            (302, Method::POST, Method::GET),
            (301, Method::PUT, Method::PUT),
            (303, Method::PUT, Method::GET),
            (303, Method::HEAD, Method::HEAD),
            (307, Method::POST, Method::POST),
            (308, Method::POST, Method::POST),
        ];
        for (status, before, after) in cases {
            let next = follow(&request(before.clone()), &head(status, Some("/x")));
            let next = next.ok().flatten().expect("it redirects");
            assert_eq!(next.method, after, "{status} {before}");
            assert_eq!(next.headers.contains_key(CONTENT_TYPE), before == after);
            assert_eq!(next.body.is_some(), before == after);
        }
    }

    #[test]
    fn credentials_stay_with_their_origin_and_do_not_come_back() {
        for (location, keeps) in [
            ("http://a.test/x", true),
            ("https://a.test/x", false),
            ("http://a.test:81/x", false),
            ("http://b.test/x", false),
        ] {
            let next = follow(&request(Method::GET), &head(302, Some(location)));
            let headers = next.ok().flatten().expect("it redirects").headers;
            assert_eq!(headers.contains_key(AUTHORIZATION), keeps, "{location}");
            assert_eq!(headers.contains_key(COOKIE), keeps, "{location}");
            assert!(headers.contains_key("accept"), "{location}");
        }
        let mut secure = request(Method::GET);
        secure.url = Url::parse("https://a.test/").expect("it is a URL");
        for location in ["http://a.test/", "https://a.test/"] {
            let next = follow(&secure, &head(302, Some(location)));
            secure = next.ok().flatten().expect("it redirects");
            assert!(!secure.headers.contains_key(AUTHORIZATION), "{location}");
        }
    }
}

//! What servers and networks do wrong, as a table: the bytes on the wire, and what the caller gets.

use http::Method;
use manyfetch_engine::Code;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::fetch::{Row, client, fetch_one, plain, with};
use crate::raw::{self, End};

/// What a reply comes to.
#[derive(Debug)]
enum Comes {
    To(u16, &'static [u8]),
    ToError(Code),
}

use Comes::{To, ToError};

/// Replies that end with the connection closed in order.
const REPLIES: &[(&str, &[u8], Comes)] = &[
    ("a whole body", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", To(200, b"hello")),
    ("a chunked body", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", To(200, b"hello")),
    ("a body that ends with the connection", b"HTTP/1.1 200 OK\r\n\r\nhello", To(200, b"hello")),
    ("HTTP/1.0", b"HTTP/1.0 200 OK\r\n\r\nhello", To(200, b"hello")),
    ("bare line feeds in the head", b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", To(200, b"hello")),
    ("the same length twice", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", To(200, b"hello")),
    ("more than was announced", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhello", To(200, b"hel")),
    ("an early hint", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", To(200, b"ok")),
    ("status 999", b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", To(999, b"")),
    ("204 with a body", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", To(204, b"")),
    ("304 with an encoding", b"HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\n\r\n", To(304, b"")),
    ("an empty body that is called gzip", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", To(200, b"")),
    ("302 without a Location", b"HTTP/1.1 302 Found\r\nContent-Length: 2\r\n\r\nhi", To(302, b"hi")),
    ("an encoding that is not known", b"HTTP/1.1 200 OK\r\nContent-Encoding: compress\r\nContent-Length: 2\r\n\r\n\x1f\x9d", To(200, b"\x1f\x9d")),
    ("no bytes at all", b"", ToError(Code::ConnectionReset)),
    ("half a head", b"HTTP/1.1 200 OK\r\nContent-", ToError(Code::ConnectionReset)),
    ("a body that is too short", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", ToError(Code::BodyTruncated)),
    ("9 EB announced", b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000000000000\r\n\r\nhel", ToError(Code::BodyTooLarge)),
    ("an end in the middle of a chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", ToError(Code::BodyTruncated)),
    ("no last chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", ToError(Code::BodyTruncated)),
    ("a chunk size that is none", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nhello", ToError(Code::HttpParse)),
    ("a signed length", b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", ToError(Code::HttpParse)),
    ("a length with letters", b"HTTP/1.1 200 OK\r\nContent-Length: 5abc\r\n\r\nhello", ToError(Code::HttpParse)),
    ("not HTTP", b"hello world\r\n\r\n", ToError(Code::HttpParse)),
    ("an SSH banner", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", ToError(Code::HttpParse)),
    ("status 99", b"HTTP/1.1 99 Odd\r\n\r\n", ToError(Code::HttpParse)),
    ("HTTP/3 in text", b"HTTP/3.0 200 OK\r\n\r\n", ToError(Code::HttpParse)),
    ("a NUL in a value", b"HTTP/1.1 200 OK\r\nA: x\0y\r\nContent-Length: 0\r\n\r\n", ToError(Code::HttpParse)),
    ("a space before the colon", b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello", ToError(Code::HttpParse)),
    ("gzip that is none", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", ToError(Code::Decode)),
    ("twenty encodings", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip\r\nContent-Length: 1\r\n\r\nx", ToError(Code::Decode)),
    ("a Location that is no URL", b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n", ToError(Code::InvalidRedirect)),
    ("a Location to a file", b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", ToError(Code::UnsupportedProtocol)),
];

fn check(name: &str, row: &Row, expected: &Comes) {
    match expected {
        To(status, body) => {
            assert_eq!(
                (row.code, row.status),
                (None, *status),
                "{name}: {}",
                row.message
            );
            assert_eq!(row.body, *body, "{name}");
        }
        ToError(code) => {
            assert_eq!(row.code, Some(*code), "{name}: {}", row.message);
            assert!(row.body.is_empty(), "{name}");
        }
    }
}

#[tokio::test]
async fn every_reply_comes_to_what_the_table_says() {
    for (name, reply, expected) in REPLIES {
        let server = raw::replies(reply, usize::MAX, End::Close).await;
        check(
            name,
            &fetch_one(&client(""), plain(server.url())).await,
            expected,
        );
    }
}

#[tokio::test]
async fn a_reply_in_single_bytes_comes_to_the_same() {
    for (name, reply, expected) in REPLIES {
        let server = raw::replies(reply, 1, End::Close).await;
        check(
            name,
            &fetch_one(&client(""), plain(server.url())).await,
            expected,
        );
    }
}

#[tokio::test]
async fn a_reset_is_never_an_end() {
    let cases: [(&'static [u8], &[Code]); 3] = [
        (b"", &[Code::ConnectionReset]),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
            &[Code::ConnectionReset],
        ),
        (b"HTTP/1.1 200 OK\r\n\r\nhel", &[Code::ConnectionReset]),
    ];
    for (reply, codes) in cases {
        let server = raw::replies(reply, usize::MAX, End::Reset).await;
        let row = fetch_one(&client(""), plain(server.url())).await;
        assert!(
            row.code.is_some_and(|code| codes.contains(&code)),
            "{:?} {}",
            row.code,
            row.message
        );
        assert!(row.body.is_empty());
    }
}

#[tokio::test]
async fn a_head_of_nine_hundred_lines_is_not_too_large() {
    let lines = "a: b\r\n".repeat(900);
    let reply = format!("HTTP/1.1 200 OK\r\n{lines}Content-Length: 0\r\n\r\n");
    let server = raw::replies(reply.leak().as_bytes(), usize::MAX, End::Close).await;
    let row = fetch_one(&client(""), plain(server.url())).await;
    assert_eq!((row.code, row.head.len()), (None, 902), "{}", row.message);
}

#[tokio::test]
async fn a_head_that_is_too_large_is_told() {
    let many_lines = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(5_000));
    let long_line = format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "b".repeat(1 << 20));
    for reply in [many_lines, long_line] {
        let server = raw::replies(reply.leak().as_bytes(), usize::MAX, End::Close).await;
        let row = fetch_one(&client(""), plain(server.url())).await;
        assert_eq!(row.code, Some(Code::HeadersTooLarge), "{}", row.message);
    }
}

#[tokio::test]
async fn a_response_to_head_has_no_body_whatever_it_announces() {
    let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nContent-Encoding: gzip\r\n\r\n";
    let server = raw::replies(reply, usize::MAX, End::KeepAlive).await;
    let row = fetch_one(
        &client(""),
        with(server.url(), |options| options.method = Method::HEAD),
    )
    .await;
    assert_eq!((row.code, row.status, row.size), (None, 200, 0.0));
}

#[tokio::test]
async fn a_body_never_goes_to_another_request() {
    let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong";
    let server = raw::replies(reply, usize::MAX, End::KeepAlive).await;
    let client = client("");
    for _ in 0..5 {
        assert_eq!(fetch_one(&client, plain(server.url())).await.body, b"ok");
    }
    assert_eq!(server.connections(), 5);
}

#[tokio::test]
async fn nobody_listening_is_refused_and_a_name_that_does_not_exist_is_not_found() {
    let port = raw::serve(|_| std::future::ready(())).await.port();
    let row = fetch_one(&client(""), plain(format!("http://127.0.0.1:{port}/"))).await;
    assert_eq!(row.code, Some(Code::ConnectionRefused), "{}", row.message);
    let row = fetch_one(&client(""), plain("http://name.invalid/")).await;
    assert!(
        matches!(row.code, Some(Code::NameNotFound | Code::NameTryAgain)),
        "{}",
        row.message
    );
}

#[tokio::test]
async fn a_url_that_http_cannot_carry_is_an_invalid_one() {
    let long = format!("http://127.0.0.1/{}x", " ".repeat(30_000));
    for url in ["http://{host}/", &long] {
        let row = fetch_one(&client(""), plain(url)).await;
        assert_eq!(row.code, Some(Code::InvalidUrl), "{}", row.message);
        assert!(row.message.len() < 100_000);
    }
}

#[tokio::test]
async fn plain_http_on_a_tls_port_is_a_fault_of_tls() {
    let server = raw::serve(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.read(&mut [0; 4096]).await;
    });
    let server = server.await;
    let url = format!("https://127.0.0.1:{}/", server.port());
    let row = fetch_one(&client(""), plain(url)).await;
    assert_eq!(row.code, Some(Code::Tls), "{}", row.message);
}

//! How large a head may be, what of it arrives, and what else frames a body.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::LOCATION;
use http::{Response, StatusCode};
use manyfetch_engine::options::{RequestOptions, Timeouts};
use manyfetch_engine::{Code, Phase};
use manyfetch_origin::{Body, Origin};
use tokio::io::AsyncWriteExt;

use crate::fetch::{Row, client, fetch_one, once, with};
use crate::raw::{self, End};

const SOON: Duration = Duration::from_millis(200);

async fn get(reply: impl Into<Bytes>) -> Row {
    let server = raw::replies(reply, End::Close).await;
    fetch_one(&client(""), once(server.url())).await
}

/// Asks a server that says `beginning`, and then `again` for as long as anybody listens.
async fn get_endless(
    beginning: &'static str,
    again: &'static str,
    limit: impl FnOnce(&mut Timeouts),
) -> Row {
    let server = raw::serve(move |mut stream| async move {
        raw::read_path(&mut stream).await;
        let again = again.repeat(4_096 / again.len());
        let mut written = stream.write_all(beginning.as_bytes()).await;
        while written.is_ok() {
            written = stream.write_all(again.as_bytes()).await;
        }
    });
    let server = server.await;
    let input = with(server.url(), |options| limit(&mut options.timeouts));
    fetch_one(&client(""), input).await
}

#[tokio::test]
async fn a_head_of_a_thousand_lines_is_not_too_large() {
    let lines = "a: b\r\n".repeat(999);
    let row = get(format!(
        "HTTP/1.1 200 OK\r\n{lines}Content-Length: 0\r\n\r\n"
    ));
    let row = row.await;
    assert_eq!((row.code, row.head.len()), (None, 1_001), "{}", row.message);
}

#[tokio::test]
async fn a_head_of_more_than_a_thousand_lines_is_too_large() {
    for lines in [1_001, 2_000, 6_000] {
        let lines = "a: b\r\n".repeat(lines);
        let row = get(format!("HTTP/1.1 200 OK\r\n{lines}\r\n")).await;
        assert_eq!(row.code, Some(Code::HeadersTooLarge), "{}", row.message);
    }
}

#[tokio::test]
async fn a_line_of_a_head_may_be_long() {
    for size in [20_000, 64 << 10, 120_000] {
        let value = "b".repeat(size);
        let row = get(format!(
            "HTTP/1.1 200 OK\r\na: {value}\r\nContent-Length: 0\r\n\r\n"
        ));
        let row = row.await;
        assert_eq!(row.code, None, "{}", row.message);
        assert_eq!(row.head[1].len(), size + 3);
    }
}

#[tokio::test]
async fn a_line_far_longer_than_a_head_may_be_is_too_large() {
    for size in [1 << 20, 4 << 20] {
        let value = "b".repeat(size);
        let row = get(format!("HTTP/1.1 200 OK\r\na: {value}\r\n\r\n")).await;
        assert_eq!(row.code, Some(Code::HeadersTooLarge), "{}", row.message);
    }
}

#[tokio::test]
async fn a_head_of_more_than_128_kib_is_too_large() {
    let lines = format!("a: {}\r\n", "b".repeat(1_000)).repeat(150);
    let line = format!("a: {}\r\n", "b".repeat(150_000));
    for fields in [line, lines] {
        let row = get(format!(
            "HTTP/1.1 200 OK\r\n{fields}Content-Length: 0\r\n\r\n"
        ));
        let row = row.await;
        assert_eq!(row.code, Some(Code::HeadersTooLarge), "{}", row.message);
    }
}

#[tokio::test]
async fn a_head_without_an_end_is_too_large() {
    let endless = [
        ("", "a"),
        ("HTTP/1.1 200 O", "K"),
        ("HTTP/1.1 200 OK\r\n", "a"),
        ("HTTP/1.1 200 OK\r\na: ", "a"),
        ("HTTP/1.1 200 OK\r\n", "a: b\r\n"),
        ("HTTP/1.1 103 Early Hints\r\n", "a: b\r\n"),
    ];
    for (beginning, again) in endless {
        let row = get_endless(beginning, again, |_| {}).await;
        let expected = if beginning.is_empty() {
            Code::HttpParse
        } else {
            Code::HeadersTooLarge
        };
        assert_eq!(row.code, Some(expected), "{beginning:?}: {}", row.message);
    }
}

#[tokio::test]
async fn heads_that_are_no_answer_pass_the_limit_of_the_response() {
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
    let row = get_endless("", hints, |limits| limits.response = Some(SOON)).await;
    assert_eq!(
        (row.code, row.phase),
        (Some(Code::TimedOut), Some(Phase::Response)),
        "{}",
        row.message
    );
}

#[tokio::test]
async fn a_thousand_early_hints_hide_no_answer() {
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".repeat(1_000);
    let row = get(format!(
        "{hints}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    ));
    let row = row.await;
    assert_eq!((row.code, row.body.as_slice()), (None, &b"ok"[..]));
    assert_eq!(row.head, ["OK", "content-length: 2"]);
}

#[tokio::test]
async fn the_bytes_of_a_value_arrive_as_they_were_sent() {
    let reply = b"HTTP/1.1 200 All good\r\nA: caf\xe9\r\nB: \xff\xfe \xc3\r\nC:\r\nD: \t x \r\nContent-Length: 0\r\n\r\n";
    let row = get(&reply[..]).await;
    let expected = [
        "All good",
        "a: caf\u{e9}",
        "b: \u{ff}\u{fe} \u{c3}",
        "c: ",
        "d: x",
    ];
    assert_eq!(
        (row.code, &row.head[..5]),
        (None, &expected.map(str::to_owned)[..]),
        "{}",
        row.message
    );
}

#[tokio::test]
async fn fields_of_one_name_keep_their_number_and_their_order() {
    let cookies = |prefix: &str| {
        (0..50)
            .map(|n| format!("{prefix}: n={n}"))
            .collect::<Vec<_>>()
    };
    let fields = cookies("Set-Cookie").join("\r\n");
    let row = get(format!(
        "HTTP/1.1 200 OK\r\n{fields}\r\nContent-Type: a/b\r\nContent-Type: c/d\r\nContent-Length: 0\r\n\r\n"
    ));
    let row = row.await;
    assert_eq!(row.head[1..51], cookies("set-cookie"));
    assert_eq!(row.head[51..53], ["content-type: a/b", "content-type: c/d"]);
}

#[tokio::test]
async fn a_response_to_head_has_no_body_whatever_it_announces() {
    let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nContent-Encoding: gzip\r\n\r\n";
    let server = raw::replies(&reply[..], End::KeepAlive).await;
    let row = fetch_one(
        &client(""),
        with(server.url(), |options| options.method = Method::HEAD),
    )
    .await;
    assert_eq!((row.code, row.status, row.size), (None, 200, 0.0));
}

#[tokio::test]
async fn what_stands_around_chunks_is_limited() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let bodies = [
        format!("3;{}\r\nabc\r\n0\r\n\r\n", "x".repeat(1 << 20)),
        format!("{}0\r\n\r\n", "1;x\r\na\r\n".repeat(20_000)),
        format!("3\r\nabc\r\n0\r\n{}\r\n", "a: b\r\n".repeat(10_000)),
        format!("3\r\nabc\r\n0\r\na: {}\r\n\r\n", "b".repeat(1 << 20)),
    ];
    for body in bodies {
        let row = get([chunked, body.as_str()].concat()).await;
        assert_eq!(
            row.code,
            Some(Code::HttpParse),
            "{:.60}: {}",
            body,
            row.message
        );
    }
}

#[tokio::test]
async fn a_size_of_a_chunk_without_an_end_is_silence() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let row = get_endless(head, "0", |limits| limits.idle = Some(SOON)).await;
    assert_eq!(
        (row.code, row.phase),
        (Some(Code::TimedOut), Some(Phase::Idle)),
        "{}",
        row.message
    );
}

#[tokio::test]
async fn a_body_in_chunks_of_one_byte_is_the_same_body() {
    let chunks = "1\r\na\r\n".repeat(100_000);
    let row = get(format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"
    ));
    let row = row.await;
    assert_eq!(row.code, None, "{}", row.message);
    assert!(row.body.len() == 100_000 && row.body.iter().all(|byte| *byte == b'a'));
}

#[tokio::test]
async fn nothing_is_set_aside_for_a_body_that_is_only_announced() {
    let server = raw::replies(
        &b"HTTP/1.1 200 OK\r\nContent-Length: 4000000000\r\n\r\nabc"[..],
        End::Close,
    );
    let server = server.await;
    let input = with(server.url(), |options| options.max_body_size = None);
    let row = fetch_one(&client(""), input).await;
    assert_eq!(row.code, Some(Code::BodyTruncated), "{}", row.message);
}

#[tokio::test]
async fn the_heads_of_redirects_do_not_add_up() {
    let origin = Origin::builder().serve(async |request| {
        let hop: usize = request.uri().path()[1..].parse().expect("it is a number");
        let response = Response::builder().header("x-long", "x".repeat(100_000));
        let response = if hop < 10 {
            let response = response.status(StatusCode::FOUND);
            response.header(LOCATION, format!("/{}", hop + 1))
        } else {
            response
        };
        response.body(Body::empty()).expect("it is a response")
    });
    let row = fetch_one(&client(""), once(origin.url("/0"))).await;
    assert_eq!((row.code, row.status), (None, 200), "{}", row.message);
    assert_eq!(row.urls.len(), 11);
}

/// Answers each request with so many lines of head.
async fn long_heads(lines: usize) -> raw::Raw {
    let lines = "a: b\r\n".repeat(lines);
    raw::replies(
        format!("HTTP/1.1 200 OK\r\n{lines}Content-Length: 0\r\n\r\n"),
        End::KeepAlive,
    )
    .await
}

fn by(method: Method) -> impl FnOnce(&mut RequestOptions) {
    |options| {
        options.method = method;
        let retry = Arc::make_mut(&mut options.retry);
        retry.limit = 0;
        retry.methods.clear();
    }
}

#[tokio::test]
async fn an_origin_is_asked_twice_for_its_first_long_head_and_once_from_then_on() {
    let server = long_heads(500).await;
    let client = client("");
    for expected in [2, 2, 2] {
        let row = fetch_one(&client, with(server.url(), by(Method::GET))).await;
        assert_eq!((row.code, row.attempts), (None, 1), "{}", row.message);
        assert_eq!(server.connections(), expected);
    }
}

#[tokio::test]
async fn what_may_be_sent_once_alone_is_sent_once_however_long_the_head_is() {
    for method in [Method::POST, Method::PATCH, Method::PUT, Method::DELETE] {
        let server = long_heads(900).await;
        let row = fetch_one(&client(""), with(server.url(), by(method))).await;
        assert_eq!((row.code, row.head.len()), (None, 902), "{}", row.message);
        assert_eq!(server.connections(), 1);
    }
}

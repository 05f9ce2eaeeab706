//! Connections that are kept, and those that must not be.

use std::sync::Arc;

use http::Method;
use manyfetch_engine::options::{ConnectionOptions, RunOptions, Trust};
use manyfetch_engine::{Client, Code};
use manyfetch_origin::{Certificate, Origin};
use tokio::io::AsyncWriteExt;
use tokio::sync::{Notify, Semaphore};

use crate::fetch::{client, fetch, fetch_one, fixed, once, with};
use crate::raw::{self, End};

#[tokio::test]
async fn a_body_never_goes_to_another_request() {
    let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong";
    let server = raw::replies(&reply[..], End::KeepAlive).await;
    let client = client("");
    for _ in 0..5 {
        assert_eq!(fetch_one(&client, once(server.url())).await.body, b"ok");
    }
    assert_eq!(server.connections(), 5);
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_goes_to_nobody() {
    let (evil, told) = (Arc::<Notify>::default(), Arc::<Notify>::default());
    let (be_evil, tell) = (Arc::clone(&evil), Arc::clone(&told));
    let server = raw::serve(move |mut stream| {
        let (be_evil, tell) = (Arc::clone(&be_evil), Arc::clone(&tell));
        async move {
            raw::read_path(&mut stream).await;
            let replies = [&b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"[..]];
            let _ = raw::write_pieces(&mut stream, replies).await;
            be_evil.notified().await;
            let replies = [&b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"[..]];
            let _ = raw::write_pieces(&mut stream, replies).await;
            tell.notify_one();
            raw::read_path(&mut stream).await;
        }
    });
    let server = server.await;
    let client = client("");
    for _ in 0..5 {
        assert_eq!(fetch_one(&client, once(server.url())).await.body, b"ok");
        evil.notify_one();
        told.notified().await;
    }
    assert_eq!(server.connections(), 5);
}

#[tokio::test]
async fn a_connection_is_kept_unless_its_answer_says_or_shows_otherwise() {
    let cases: [(&'static [u8], Method, bool); 11] = [
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            Method::GET,
            true,
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            Method::GET,
            true,
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n", Method::GET, true),
        (
            b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n",
            Method::GET,
            true,
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Encoding: gzip\r\n\r\n",
            Method::HEAD,
            true,
        ),
        (
            b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
            Method::GET,
            true,
        ),
        (
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
            Method::GET,
            false,
        ),
        (
            b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
            Method::GET,
            false,
        ),
        (
            b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok",
            Method::GET,
            false,
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            Method::HEAD,
            false,
        ),
        (
            b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
            Method::GET,
            false,
        ),
    ];
    for (reply, method, is_kept) in cases {
        let server = raw::replies(reply, End::KeepAlive).await;
        let client = client("");
        for _ in 0..3 {
            let input = with(server.url(), |options| options.method = method.clone());
            fetch_one(&client, input).await;
        }
        let expected = if is_kept { 1 } else { 3 };
        let reply = reply.escape_ascii();
        assert_eq!(server.connections(), expected, "{method} {reply}");
    }
}

#[tokio::test]
async fn a_connection_whose_answer_had_two_framings_is_not_kept() {
    let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    let server = raw::replies(&reply[..], End::KeepAlive).await;
    let client = client("");
    for _ in 0..3 {
        let row = fetch_one(&client, once(server.url())).await;
        assert_eq!(row.code, Some(Code::HttpParse), "{}", row.message);
    }
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn the_connection_of_a_body_that_is_too_large_is_closed_and_not_used_again() {
    let closed = Arc::new(Semaphore::new(0));
    let closing = Arc::clone(&closed);
    let server = raw::serve(move |mut stream| {
        let closing = Arc::clone(&closing);
        async move {
            raw::read_path(&mut stream).await;
            let head = b"HTTP/1.1 503 Service Unavailable\r\n\r\n";
            let mut written = stream.write_all(head).await;
            while written.is_ok() {
                written = stream.write_all(&[0; 4_096]).await;
            }
            closing.add_permits(1);
        }
    });
    let server = server.await;
    let input = || {
        with(server.url(), |options| {
            options.max_body_size = Some(10_000);
        })
    };
    let list = (0..200).map(|_| input()).collect();
    let fetched = fetch(&client(""), RunOptions::default(), list).await;
    for row in &fetched.rows {
        assert_eq!(row.code, Some(Code::BodyTooLarge), "{}", row.message);
        assert!(row.wire_size < 1_000_000.0, "{}", row.wire_size);
    }
    assert_eq!(server.connections(), 200);
    let all = closed.acquire_many(200).await;
    assert!(all.is_ok(), "every connection came to its end");
}

#[tokio::test]
async fn a_connection_belongs_to_the_name_it_was_made_for() {
    let certificate = Certificate::for_names(["localhost"]);
    let origin = Origin::builder()
        .tls(&certificate)
        .serve(async |_| http::Response::new("over h2"));
    let mut options = ConnectionOptions::trusting(Trust::Roots("".into()));
    options.reject_unauthorized = false;
    let client = Client::new(&options).expect("it can be made");
    let port = origin
        .url("/")
        .rsplit(':')
        .next()
        .expect("it has one")
        .to_owned();
    for host in ["localhost", "127.0.0.1", "localhost", "127.0.0.1"] {
        let row = fetch_one(&client, once(format!("https://{host}:{port}"))).await;
        assert_eq!((row.code, row.version), (None, 20), "{}", row.message);
    }
    assert_eq!(origin.counters().connections, 2);
}

#[tokio::test]
async fn clients_share_no_connections() {
    let server = raw::replies(
        &b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"[..],
        End::KeepAlive,
    );
    let server = server.await;
    let clients = [client(""), client("")];
    for client in clients.iter().cycle().take(6) {
        fetch_one(client, once(server.url())).await;
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_run_leaves_no_more_connections_open_than_it_had_in_flight() {
    let server = raw::replies(
        &b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"[..],
        End::KeepAlive,
    );
    let server = server.await;
    let limits = fixed(8, 8);
    let options = RunOptions {
        limits,
        ..RunOptions::default()
    };
    let list = (0..500).map(|_| once(server.url())).collect();
    let fetched = fetch(&client(""), options, list).await;
    assert_eq!(fetched.stats.ok, 500);
    assert!(server.connections() <= 8, "{}", server.connections());
}

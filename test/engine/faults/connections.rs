//! Connections that are not made, that end early, and that never end.

use std::sync::Arc;
use std::time::Duration;

use manyfetch_engine::options::RunOptions;
use manyfetch_engine::{Code, Phase};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Notify;

use crate::certificates;
use crate::fetch::{client, fetch, fetch_one, once, with};
use crate::raw::{self, End};

#[tokio::test]
async fn a_reset_is_never_an_end() {
    let replies: [&'static [u8]; 5] = [
        b"",
        b"HTTP/1.1 2",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        b"HTTP/1.1 200 OK\r\n\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n",
    ];
    for reply in replies {
        let server = raw::replies(reply, End::Reset).await;
        let row = fetch_one(&client(""), once(server.url())).await;
        assert_eq!(row.code, Some(Code::ConnectionReset), "{}", row.message);
        assert!(row.body.is_empty());
    }
}

#[tokio::test]
async fn an_answer_that_ends_early_is_an_error_wherever_it_ends() {
    let replies: [(&'static str, &'static str); 2] = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "hello"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "5\r\nhello\r\n0\r\n\r\n",
        ),
    ];
    for (head, body) in replies {
        let server = raw::serve(move |mut stream| async move {
            let path = raw::read_path(&mut stream).await.expect("it asks");
            let end: usize = path[1..].parse().expect("it says where to end");
            let reply = [head, body].concat();
            let _ = stream.write_all(&reply.as_bytes()[..end]).await;
        });
        let server = server.await;
        let ends = 0..head.len() + body.len();
        let list = ends.map(|end| once(format!("{}{end}", server.url())));
        let fetched = fetch(&client(""), RunOptions::default(), list.collect()).await;
        for (end, row) in fetched.rows.iter().enumerate() {
            let code = if end < head.len() {
                Code::ConnectionReset
            } else {
                Code::BodyTruncated
            };
            assert_eq!(row.code, Some(code), "after {end} bytes: {}", row.message);
            assert!(row.body.is_empty());
        }
    }
}

#[tokio::test]
async fn tls_that_ends_without_saying_so_cuts_only_a_body_of_unknown_length() {
    let cases: [(&'static [u8], Option<Code>); 4] = [
        (b"HTTP/1.1 200 OK\r\n\r\nhello", Some(Code::BodyTruncated)),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
            Some(Code::BodyTruncated),
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", None),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            None,
        ),
    ];
    let (acceptor, ca) = certificates::trusted_acceptor();
    for (reply, code) in cases {
        let acceptor = acceptor.clone();
        let server = raw::serve(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let mut stream = acceptor.accept(stream).await.expect("it is trusted");
                raw::read_path(&mut stream).await;
                let _ = stream.write_all(reply).await;
                let _ = stream.flush().await;
            }
        });
        let server = server.await;
        let url = format!("https://localhost:{}/", server.port());
        let row = fetch_one(&client(&ca), once(url)).await;
        assert_eq!(row.code, code, "{}", row.message);
        assert_eq!(row.body.is_empty(), code.is_some());
    }
}

#[tokio::test]
async fn a_server_that_stops_writing_and_goes_on_reading_is_left() {
    let left = Arc::<Notify>::default();
    let leaving = Arc::clone(&left);
    let server = raw::serve(move |mut stream| {
        let leaving = Arc::clone(&leaving);
        async move {
            raw::read_path(&mut stream).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nhello").await;
            let _ = stream.shutdown().await;
            assert_eq!(stream.read(&mut [0]).await.ok(), Some(0));
            leaving.notify_one();
        }
    });
    let server = server.await;
    let client = client("");
    assert_eq!(fetch_one(&client, once(server.url())).await.body, b"hello");
    left.notified().await;
}

#[tokio::test]
async fn nobody_listening_is_refused_and_a_name_that_does_not_exist_is_not_found() {
    let port = raw::serve(|_| std::future::ready(())).await.port();
    let row = fetch_one(&client(""), once(format!("http://127.0.0.1:{port}/"))).await;
    assert_eq!(row.code, Some(Code::ConnectionRefused), "{}", row.message);
    let row = fetch_one(&client(""), once("http://name.invalid/")).await;
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
        let row = fetch_one(&client(""), once(url)).await;
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
    let row = fetch_one(&client(""), once(url)).await;
    assert_eq!(row.code, Some(Code::Tls), "{}", row.message);
}

// Linux alone drops what does not fit into the queue of a listener; others let it wait or refuse it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_that_lets_nobody_in_passes_the_limit_of_connecting() {
    let socket = TcpSocket::new_v4().expect("there is one");
    socket
        .bind(([127, 0, 0, 1], 0).into())
        .expect("a port is free");
    let listener = socket.listen(0).expect("it is bound");
    let address = listener.local_addr().expect("it listens");
    let _queued = TcpStream::connect(address)
        .await
        .expect("the queue holds one");
    let input = with(format!("http://{address}/"), |options| {
        options.timeouts.connect = Some(Duration::from_millis(50));
    });
    let row = fetch_one(&client(""), input).await;
    assert_eq!(
        (row.code, row.phase),
        (Some(Code::TimedOut), Some(Phase::Connect)),
        "{}",
        row.message
    );
}

//! Connections that are kept, and what happens when a server drops one just as a request is written on it.

use http::Method;
use manyfetch_engine::options::RunOptions;
use manyfetch_engine::{Code, Input};
use tokio::io::AsyncWriteExt;

use crate::fetch::{client, fetch, fetch_one, fixed, once, with};
use crate::raw::{self, Raw, read_path};

/// Answers the first request of each connection, and breaks off on the second.
async fn one_a_connection(end: fn(&tokio::net::TcpStream)) -> Raw {
    raw::serve(move |mut stream| async move {
        if read_path(&mut stream).await.is_some() {
            // Some wait for a new connection while others come free.
            tokio::task::yield_now().await;
            let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            stream.write_all(reply).await.expect("the client listens");
            if read_path(&mut stream).await.is_some() {
                end(&stream);
            }
        }
    })
    .await
}

fn reset(stream: &tokio::net::TcpStream) {
    stream.set_zero_linger().expect("it is open");
}

fn close(_: &tokio::net::TcpStream) {}

#[tokio::test]
async fn requests_on_connections_that_the_server_drops_are_repeated_without_a_word() {
    for end in [reset, close] {
        let server = one_a_connection(end).await;
        let options = RunOptions {
            limits: fixed(10, 10),
            ..RunOptions::default()
        };
        let mut asked = 0;
        for _ in 0..20 {
            let list: Vec<Input> = (0..300).map(|_| once(server.url())).collect();
            asked += list.len();
            let fetched = fetch(&client(""), options.clone(), list).await;
            assert_eq!(fetched.stats.ok, 300, "{:?}", fetched.stats.errors);
            assert!(fetched.rows.iter().all(|row| row.attempts == 1));
            assert_eq!(fetched.stats.retries, 0);
        }
        // Each answered one request; those of some that found another connection meanwhile answered none.
        assert!((asked..asked + asked / 2).contains(&server.connections()));
    }
}

#[tokio::test]
async fn a_method_that_may_not_be_repeated_is_not_repeated() {
    let server = one_a_connection(reset).await;
    let client = client("");
    let post = || with(server.url(), |options| options.method = Method::POST);
    assert_eq!(fetch_one(&client, post()).await.code, None);
    let row = fetch_one(&client, post()).await;
    assert_eq!(row.code, Some(Code::ConnectionReset), "{}", row.message);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_repeat_that_fails_too_is_an_error() {
    // Keeps the first connection for one request, and answers nothing on all others.
    let server = raw::serve_numbered(|number, mut stream| async move {
        if number == 0 && read_path(&mut stream).await.is_some() {
            let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            stream.write_all(reply).await.expect("the client listens");
        }
        read_path(&mut stream).await;
        reset(&stream);
    })
    .await;
    let client = client("");
    assert_eq!(fetch_one(&client, once(server.url())).await.code, None);
    let row = fetch_one(&client, once(server.url())).await;
    assert_eq!(row.code, Some(Code::ConnectionReset), "{}", row.message);
    assert_eq!((row.attempts, server.connections()), (1, 2));
}

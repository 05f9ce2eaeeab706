//! What servers do wrong over HTTP/2, frame by frame, and what the caller gets.

mod peer;
mod repeats;
mod replies;
mod streams;

use std::time::Duration;

use manyfetch_engine::options::RunOptions;
use manyfetch_engine::{Client, Code, Input, Phase};
use tokio_rustls::TlsAcceptor;

use crate::certificates;
use crate::fetch::{Fetched, Row, client, fetch, fetch_one, once, with};
use crate::raw::Raw;
use peer::{
    CONTINUATION, HEADER_TABLE_SIZE, HEADERS, PING, Peer, block, data, frame, headers, settings,
};
use replies::{STATUS, behind_head};

/// For those that are never answered.
fn limited(url: String) -> Input {
    with(url, |options| {
        options.timeouts.response = Some(Duration::from_millis(200));
    })
}

fn url(server: &Raw) -> String {
    format!("https://localhost:{}/", server.port())
}

/// Asks `count` times at once.
async fn get_many(client: &Client, server: &Raw, count: usize) -> Fetched {
    let mut options = RunOptions::default();
    options.limits.concurrency_per_host = options.limits.concurrency;
    let list = (0..count).map(|_| once(url(server))).collect();
    fetch(client, options, list).await
}

fn count(fetched: &Fetched, code: Option<Code>) -> usize {
    fetched.rows.iter().filter(|row| row.code == code).count()
}

/// Greets as it should, and reads the one request of its connection.
async fn greeted(mut peer: Peer) -> Option<Peer> {
    peer.send(settings(&[(HEADER_TABLE_SIZE, 4_096)])).await;
    peer.request().await?;
    Some(peer)
}

/// Asks a server that answers with `reply`, once.
async fn get(acceptor: &TlsAcceptor, ca: &str, reply: Vec<u8>) -> Row {
    let server = peer::serve(acceptor.clone(), move |peer| {
        let reply = reply.clone();
        async move {
            if let Some(mut peer) = greeted(peer).await {
                peer.send(reply).await;
                peer.ignore().await;
            }
        }
    });
    let server = server.await;
    fetch_one(&client(ca), once(url(&server))).await
}

#[tokio::test]
async fn what_is_odd_but_clear_is_an_answer() {
    let (acceptor, ca) = certificates::acceptor_of(&[b"h2"]);
    for (name, reply, body) in replies::whole() {
        let row = get(&acceptor, &ca, reply).await;
        assert_eq!(row.code, None, "{name}: {}", row.message);
        assert_eq!(
            (row.status, row.body.as_slice()),
            (200, body.as_bytes()),
            "{name}"
        );
    }
}

#[tokio::test]
async fn what_breaks_the_protocol_or_breaks_off_is_an_error() {
    let (acceptor, ca) = certificates::acceptor_of(&[b"h2"]);
    let broken = [
        replies::broken_answers(),
        replies::broken_fields(),
        replies::broken_frames(),
    ];
    for (name, reply) in broken.concat() {
        let row = get(&acceptor, &ca, reply).await;
        assert_eq!(row.code, Some(Code::Http2), "{name}: {}", row.message);
        assert!(row.body.is_empty(), "{name}");
    }
}

/// Asks a server that answers with `beginning`, and then with `again` for as long as anybody listens.
async fn get_endless(beginning: Vec<u8>, again: &[u8], input: impl FnOnce(String) -> Input) -> Row {
    let (acceptor, ca) = certificates::acceptor_of(&[b"h2"]);
    let again = again.repeat(4_096 / again.len());
    let server = peer::serve(acceptor, move |peer| {
        let (beginning, again) = (beginning.clone(), again.clone());
        async move {
            let Some(mut peer) = greeted(peer).await else {
                return;
            };
            let mut is_heard = peer.send(beginning).await;
            while is_heard {
                is_heard = peer.send(&again).await;
            }
        }
    });
    let server = server.await;
    fetch_one(&client(&ca), input(url(&server))).await
}

#[tokio::test]
async fn a_flood_of_what_is_nothing_breaks_the_connection() {
    let open_list = frame(HEADERS, 0, 1, &block(&[STATUS]));
    let field = block(&[("x", "y")]);
    let floods = [
        (
            "of parts of a list",
            open_list.clone(),
            frame(CONTINUATION, 0, 1, &field),
        ),
        (
            "of empty parts of a list",
            open_list,
            frame(CONTINUATION, 0, 1, &[]),
        ),
        ("of empty parts of a body", behind_head(&[]), data(1, 0, "")),
    ];
    for (name, beginning, again) in floods {
        let row = get_endless(beginning, &again, once).await;
        assert_eq!(row.code, Some(Code::Http2), "{name}: {}", row.message);
    }
}

#[tokio::test]
async fn a_flood_of_what_is_no_answer_passes_the_limit_of_the_response() {
    let floods = [
        ("of pings", frame(PING, 0, 0, &[0; 8])),
        ("of settings", settings(&[(HEADER_TABLE_SIZE, 4_096)])),
        ("of frames of no known kind", frame(0xee, 0, 1, &[0; 8])),
        ("of early hints", headers(1, 0, &[(":status", "103")])),
    ];
    for (name, again) in floods {
        let row = get_endless(Vec::new(), &again, limited).await;
        assert_eq!(
            (row.code, row.phase),
            (Some(Code::TimedOut), Some(Phase::Response)),
            "{name}: {}",
            row.message
        );
    }
}

#[tokio::test]
async fn what_begins_with_no_settings_is_an_error() {
    let (acceptor, ca) = certificates::acceptor_of(&[b"h2"]);
    let beginnings: [&'static [u8]; 4] = [
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        b"garbage, and more of it, and more of it, and more of it",
        b"\0\0\0\0\0\0\0\0\0",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ];
    for beginning in beginnings {
        let server = peer::serve(acceptor.clone(), move |mut peer| async move {
            peer.send(beginning).await;
            peer.ignore().await;
        });
        let server = server.await;
        let row = fetch_one(&client(&ca), once(url(&server))).await;
        assert_eq!(
            row.code,
            Some(Code::Http2),
            "{}: {}",
            beginning.escape_ascii(),
            row.message
        );
    }
}

#[tokio::test]
async fn a_server_that_never_says_a_word_passes_the_limit_of_the_response() {
    let (acceptor, ca) = certificates::acceptor_of(&[b"h2"]);
    let server = peer::serve(acceptor, Peer::ignore).await;
    let row = fetch_one(&client(&ca), limited(url(&server))).await;
    assert_eq!(
        (row.code, row.phase),
        (Some(Code::TimedOut), Some(Phase::Response)),
        "{}",
        row.message
    );
}

//! Streams that share a connection, and what becomes of the others when one fails or the connection does.

use std::time::Duration;

use manyfetch_engine::options::RunOptions;
use manyfetch_engine::{Code, Phase};

use super::peer::{
    self, END_STREAM, INTERNAL_ERROR, MAX_CONCURRENT_STREAMS, NO_ERROR, answer, data, headers,
    reset, settings,
};
use super::{count, get_many, limited, url};
use crate::certificates;
use crate::fetch::{client, fetch, fetch_one, once, with};

#[tokio::test]
async fn a_stream_that_is_reset_costs_its_neighbours_nothing() {
    let (acceptor, ca) = certificates::acceptor_of(&[b"h2"]);
    let server = peer::serve(acceptor, |mut peer| async move {
        peer.send(settings(&[])).await;
        while let Some(stream) = peer.request().await {
            let reply = match stream % 6 {
                1 => reset(stream, INTERNAL_ERROR),
                3 => [
                    headers(stream, 0, &[(":status", "200")]),
                    data(stream, 0, "hel"),
                    reset(stream, INTERNAL_ERROR),
                ]
                .concat(),
                _ => answer(stream, "hello"),
            };
            peer.send(reply).await;
        }
    });
    let server = server.await;
    let client = client(&ca);
    // Later ones go over the connection that is there.
    assert_eq!(
        fetch_one(&client, once(url(&server))).await.code,
        Some(Code::Http2)
    );
    let fetched = get_many(&client, &server, 29).await;
    assert_eq!(count(&fetched, None), 10);
    assert_eq!(count(&fetched, Some(Code::Http2)), 19);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn streams_beyond_what_the_server_takes_wait_for_their_turn() {
    let (acceptor, ca) = certificates::acceptor_of(&[b"h2"]);
    let server = peer::serve(acceptor, |mut peer| async move {
        peer.send(settings(&[(MAX_CONCURRENT_STREAMS, 1)])).await;
        while let Some(stream) = peer.request().await {
            peer.send(answer(stream, "hello")).await;
        }
    });
    let server = server.await;
    let client = client(&ca);
    assert_eq!(fetch_one(&client, once(url(&server))).await.body, b"hello");
    let fetched = get_many(&client, &server, 50).await;
    assert_eq!(fetched.stats.ok, 50, "{:?}", fetched.stats.errors);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_server_that_takes_no_streams_any_more_passes_the_limit_of_the_response() {
    let (acceptor, ca) = certificates::acceptor_of(&[b"h2"]);
    let server = peer::serve(acceptor, |mut peer| async move {
        peer.send(settings(&[])).await;
        let stream = peer.request().await.expect("it asks");
        let none = settings(&[(MAX_CONCURRENT_STREAMS, 0)]);
        peer.send([none, answer(stream, "hello")].concat()).await;
        peer.ignore().await;
    });
    let server = server.await;
    let client = client(&ca);
    assert_eq!(fetch_one(&client, once(url(&server))).await.body, b"hello");
    let list = (0..5).map(|_| limited(url(&server))).collect();
    for row in fetch(&client, RunOptions::default(), list).await.rows {
        assert_eq!(
            (row.code, row.phase),
            (Some(Code::TimedOut), Some(Phase::Response)),
            "{}",
            row.message
        );
    }
}

#[tokio::test]
async fn a_body_that_stalls_holds_no_other_up() {
    let (acceptor, ca) = certificates::acceptor_of(&[b"h2"]);
    let server = peer::serve(acceptor, |mut peer| async move {
        peer.send(settings(&[])).await;
        while let Some(stream) = peer.request().await {
            if stream == 1 {
                let head = headers(stream, 0, &[(":status", "200")]);
                peer.send([head, data(stream, 0, "hel")].concat()).await;
            } else {
                peer.send(answer(stream, "hello")).await;
            }
        }
    });
    let server = server.await;
    let list = (0..50).map(|_| {
        with(url(&server), |options| {
            options.timeouts.idle = Some(Duration::from_millis(200));
        })
    });
    let fetched = fetch(&client(&ca), RunOptions::default(), list.collect()).await;
    let stalled: Vec<_> = fetched
        .rows
        .iter()
        .filter(|row| row.code.is_some())
        .collect();
    assert!(!stalled.is_empty());
    for row in &stalled {
        assert_eq!(
            (row.code, row.phase, row.wire_size),
            (Some(Code::TimedOut), Some(Phase::Idle), 3.0),
            "{}",
            row.message
        );
    }
    // At first, there may be a connection for each that is in flight.
    assert!(stalled.len() <= server.connections());
}

#[tokio::test]
async fn a_body_whose_stream_is_given_up_without_an_error_is_truncated() {
    let (acceptor, ca) = certificates::acceptor_of(&[b"h2"]);
    let server = peer::serve(acceptor, |mut peer| async move {
        peer.send(settings(&[])).await;
        while let Some(stream) = peer.request().await {
            let head = headers(stream, 0, &[(":status", "200")]);
            let body = data(stream, 0, "hel");
            peer.send([head, body, reset(stream, NO_ERROR)].concat())
                .await;
        }
    });
    let server = server.await;
    let row = fetch_one(&client(&ca), once(url(&server))).await;
    assert_eq!(row.code, Some(Code::BodyTruncated), "{}", row.message);
    assert!(row.body.is_empty());
}

#[tokio::test]
async fn a_stream_may_be_closed_without_an_error_behind_its_end() {
    let (acceptor, ca) = certificates::acceptor_of(&[b"h2"]);
    let server = peer::serve(acceptor, |mut peer| async move {
        peer.send(settings(&[])).await;
        while let Some(stream) = peer.request().await {
            let head = headers(stream, 0, &[(":status", "200"), ("content-length", "5")]);
            let body = data(stream, END_STREAM, "hello");
            peer.send([head, body, reset(stream, NO_ERROR)].concat())
                .await;
        }
    });
    let server = server.await;
    let fetched = get_many(&client(&ca), &server, 20).await;
    assert_eq!(fetched.stats.ok, 20, "{:?}", fetched.stats.errors);
}

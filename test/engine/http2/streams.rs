//! Streams that share a connection, and what becomes of the others when one fails or the connection does.

use std::time::Duration;

use manyfetch_engine::options::RunOptions;
use manyfetch_engine::{Client, Code, Phase};

use super::peer::{
    self, END_STREAM, HTTP_1_1_REQUIRED, INTERNAL_ERROR, MAX_CONCURRENT_STREAMS, NO_ERROR,
    REFUSED_STREAM, answer, data, go_away, headers, reset, settings,
};
use super::{limited, url};
use crate::certificates;
use crate::fetch::{Fetched, client, fetch, fetch_one, once, with};
use crate::raw::Raw;

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

// The repeat is to come.
#[tokio::test]
async fn a_connection_that_is_going_away_answers_what_it_took() {
    let (acceptor, ca) = certificates::acceptor_of(&[b"h2"]);
    let server = peer::serve(acceptor, |mut peer| async move {
        peer.send(settings(&[])).await;
        let Some(first) = peer.request().await else {
            return;
        };
        if peer.number == 0 {
            // The next one comes before it can know.
            let warm = answer(first, "hello");
            peer.send(warm).await;
            let (Some(second), Some(_)) = (peer.request().await, peer.request().await) else {
                return;
            };
            peer.send([go_away(second, NO_ERROR), answer(second, "hello")].concat())
                .await;
            return peer.ignore().await;
        }
        peer.send(answer(first, "hello")).await;
        while let Some(stream) = peer.request().await {
            peer.send(answer(stream, "hello")).await;
        }
    });
    let server = server.await;
    let client = client(&ca);
    assert_eq!(fetch_one(&client, once(url(&server))).await.code, None);
    let fetched = get_many(&client, &server, 2).await;
    assert!(count(&fetched, None) >= 1, "{:?}", fetched.stats.errors);
}

// The repeat is to come.
#[tokio::test]
async fn streams_that_are_refused_settle() {
    let (acceptor, ca) = certificates::acceptor_of(&[b"h2"]);
    for reason in [REFUSED_STREAM, HTTP_1_1_REQUIRED] {
        let server = peer::serve(acceptor.clone(), move |mut peer| async move {
            peer.send(settings(&[])).await;
            while let Some(stream) = peer.request().await {
                peer.send(reset(stream, reason)).await;
            }
        });
        let server = server.await;
        let fetched = get_many(&client(&ca), &server, 10).await;
        assert_eq!(
            count(&fetched, Some(Code::Http2)),
            10,
            "{:?}",
            fetched.stats.errors
        );
    }
}

// The repeat is to come.
#[tokio::test]
async fn a_stream_that_is_refused_once_settles() {
    let (acceptor, ca) = certificates::acceptor_of(&[b"h2"]);
    let server = peer::serve(acceptor, |mut peer| async move {
        peer.send(settings(&[])).await;
        let mut is_first = true;
        while let Some(stream) = peer.request().await {
            let reply = if is_first {
                reset(stream, REFUSED_STREAM)
            } else {
                answer(stream, "hello")
            };
            is_first = false;
            peer.send(reply).await;
        }
    });
    let server = server.await;
    let row = fetch_one(&client(&ca), once(url(&server))).await;
    assert!(
        matches!(row.code, None | Some(Code::Http2)),
        "{}",
        row.message
    );
}

// The repeat is to come.
#[tokio::test]
async fn a_connection_that_falls_silent_passes_the_limit_of_the_response() {
    let (acceptor, ca) = certificates::acceptor_of(&[b"h2"]);
    let server = peer::serve(acceptor, |mut peer| async move {
        peer.send(settings(&[])).await;
        let stream = peer.request().await.expect("it asks");
        peer.send(answer(stream, "hello")).await;
        // Not even a ping is answered.
        std::future::pending::<()>().await;
    });
    let server = server.await;
    let client = client(&ca);
    assert_eq!(fetch_one(&client, once(url(&server))).await.code, None);
    let row = fetch_one(&client, limited(url(&server))).await;
    assert!(
        matches!(row.code, None | Some(Code::TimedOut)),
        "{}",
        row.message
    );
}

// The repeat is to come.
#[tokio::test]
async fn every_stream_of_a_connection_that_dies_settles() {
    let (acceptor, ca) = certificates::acceptor_of(&[b"h2"]);
    let server = peer::serve(acceptor, |mut peer| async move {
        peer.send(settings(&[])).await;
        let stream = peer.request().await.expect("it asks");
        peer.send(answer(stream, "hello")).await;
        for _ in 0..100 {
            peer.request().await;
        }
    });
    let server = server.await;
    let client = client(&ca);
    assert_eq!(fetch_one(&client, once(url(&server))).await.code, None);
    let fetched = get_many(&client, &server, 100).await;
    assert_eq!(fetched.rows.len(), 100);
    assert!(server.connections() <= 101, "{}", server.connections());
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

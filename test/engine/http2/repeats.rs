//! Requests over HTTP/2 that the server says it did not work on, and connections that are gone: sent once more without a word.

use std::time::Duration;

use manyfetch_engine::Code;
use manyfetch_engine::options::{ConnectionOptions, Trust};
use tokio::io::AsyncWriteExt;

use super::peer::{
    self, HTTP_1_1_REQUIRED, NO_ERROR, REFUSED_STREAM, answer, go_away, reset, settings,
};
use super::{count, get_many, url};
use crate::fetch::{client, fetch_one, once, with};
use crate::raw::read_path;
use crate::{certificates, raw};

#[tokio::test]
async fn what_a_connection_that_is_going_away_did_not_take_goes_over_another() {
    let (acceptor, ca) = certificates::acceptor_of(&[b"h2"]);
    let server = peer::serve(acceptor, |mut peer| async move {
        peer.send(settings(&[])).await;
        while let Some(stream) = peer.request().await {
            // The two that come after the first one come before they can know.
            if peer.number == 0 && stream > 1 {
                let Some(_untaken) = peer.request().await else {
                    return;
                };
                peer.send([go_away(stream, NO_ERROR), answer(stream, "hello")].concat())
                    .await;
                return peer.ignore().await;
            }
            peer.send(answer(stream, "hello")).await;
        }
    });
    let server = server.await;
    let client = client(&ca);
    assert_eq!(fetch_one(&client, once(url(&server))).await.code, None);
    let fetched = get_many(&client, &server, 2).await;
    assert_eq!(count(&fetched, None), 2, "{:?}", fetched.stats.errors);
    assert!(fetched.rows.iter().all(|row| row.attempts == 1));
}

#[tokio::test]
async fn a_stream_that_is_refused_is_asked_for_once_more_and_no_more() {
    let (acceptor, ca) = certificates::acceptor_of(&[b"h2"]);
    for (refusals, comes_to) in [(1, None), (2, Some(Code::Http2))] {
        let server = peer::serve(acceptor.clone(), move |mut peer| async move {
            peer.send(settings(&[])).await;
            let mut refused = 0;
            while let Some(stream) = peer.request().await {
                if refused < refusals {
                    refused += 1;
                    peer.send(reset(stream, REFUSED_STREAM)).await;
                } else {
                    peer.send(answer(stream, "hello")).await;
                }
            }
        });
        let server = server.await;
        let row = fetch_one(&client(&ca), once(url(&server))).await;
        assert_eq!((row.code, row.attempts), (comes_to, 1), "{}", row.message);
        assert_eq!(server.connections(), 1);
    }
}

#[tokio::test]
async fn a_server_that_wants_http_1_is_asked_over_http_1() {
    let (over_both, ca) = certificates::acceptor_of(&[b"h2", b"http/1.1"]);
    let server = raw::serve(move |stream| {
        let acceptor = over_both.clone();
        async move {
            let mut stream = acceptor.accept(stream).await.expect("it is trusted");
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                let Some(mut peer) = peer::Peer::greet(stream, 0).await else {
                    return;
                };
                peer.send(settings(&[])).await;
                while let Some(id) = peer.request().await {
                    peer.send(reset(id, HTTP_1_1_REQUIRED)).await;
                }
            } else if read_path(&mut stream).await.is_some() {
                let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
                stream.write_all(reply).await.expect("it listens");
            }
        }
    })
    .await;
    let row = fetch_one(&client(&ca), once(url(&server))).await;
    assert_eq!((row.code, row.version), (None, 11), "{}", row.message);
}

#[tokio::test]
async fn a_connection_that_falls_silent_is_dropped_and_what_waited_goes_over_another() {
    let (acceptor, ca) = certificates::acceptor_of(&[b"h2"]);
    let server = peer::serve(acceptor, |mut peer| async move {
        peer.send(settings(&[])).await;
        while let Some(stream) = peer.request().await {
            if peer.number == 0 && stream > 1 {
                // Not even a ping is answered.
                return std::future::pending::<()>().await;
            }
            peer.send(answer(stream, "hello")).await;
        }
    });
    let server = server.await;
    let client = manyfetch_engine::Client::new(&ConnectionOptions {
        http2_ping: Duration::from_millis(100),
        ..ConnectionOptions::trusting(Trust::Only(vec![ca]))
    });
    let client = client.expect("the certificate can be read");
    let patient = |server: &raw::Raw| {
        with(url(server), |options| {
            options.timeouts.response = Some(Duration::from_secs(60));
        })
    };
    assert_eq!(fetch_one(&client, patient(&server)).await.code, None);
    let row = fetch_one(&client, patient(&server)).await;
    assert_eq!((row.code, row.attempts), (None, 1), "{}", row.message);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn every_stream_of_a_connection_that_dies_goes_over_another() {
    let (acceptor, ca) = certificates::acceptor_of(&[b"h2"]);
    let server = peer::serve(acceptor, |mut peer| async move {
        peer.send(settings(&[])).await;
        let mut taken = 0;
        while let Some(stream) = peer.request().await {
            taken += 1;
            if peer.number > 0 || stream == 1 {
                peer.send(answer(stream, "hello")).await;
            } else if taken == 101 {
                return;
            }
        }
    });
    let server = server.await;
    let client = client(&ca);
    assert_eq!(fetch_one(&client, once(url(&server))).await.code, None);
    let fetched = get_many(&client, &server, 100).await;
    assert_eq!(count(&fetched, None), 100, "{:?}", fetched.stats.errors);
    assert!(fetched.rows.iter().all(|row| row.attempts == 1));
}

//! What a test gets from an origin: its closure's answers, over every protocol, and the counts.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::BodyExt;
use hyper::{Response, Version};
use manyfetch_origin::{Body, Certificate, Chunks, Counters, Origin, Protocols};
use tokio::sync::Barrier;

use crate::client::{Client, tls};

#[tokio::test]
async fn the_closure_answers_over_both_protocols() {
    let origin =
        Origin::builder().serve(async |request| Response::new(format!("{:?}", request.version())));
    for (version, expected) in [
        (Version::HTTP_11, "HTTP/1.1"),
        (Version::HTTP_2, "HTTP/2.0"),
    ] {
        let mut client = Client::plain(origin.port(), version).await;
        assert_eq!(client.get("/").await, expected);
    }
}

#[tokio::test]
async fn tls_is_trusted_by_the_authority_and_alpn_chooses_the_protocol() {
    let certificate = Certificate::for_names(["localhost"]);
    let origin = Origin::builder()
        .tls(&certificate)
        .serve(async |request| Response::new(format!("{:?}", request.version())));
    for (alpn, expected) in [("h2", "HTTP/2.0"), ("http/1.1", "HTTP/1.1")] {
        let mut client = Client::secure(origin.port(), certificate.ca_pem(), &[alpn]).await;
        assert_eq!(client.get("/").await, expected);
    }
}

#[tokio::test]
async fn a_protocol_that_is_not_served_is_not_agreed_to() {
    let certificate = Certificate::for_names(["localhost"]);
    let origin = Origin::builder()
        .tls(&certificate)
        .protocols(Protocols::Http1)
        .serve(async |_| Response::new(Body::empty()));
    let stream = tls(origin.port(), certificate.ca_pem(), &["h2", "http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
}

#[tokio::test]
async fn counts_are_kept_for_the_part_and_the_whole() {
    let whole = Arc::new(Counters::default());
    let part = Arc::new(Counters::part_of(Arc::clone(&whole)));
    let both = Arc::new(Barrier::new(2));
    let origin = Origin::builder().counters(part).serve(move |_| {
        let both = Arc::clone(&both);
        async move {
            both.wait().await;
            Response::new("both are in flight")
        }
    });
    let mut http1 = Client::plain(origin.port(), Version::HTTP_11).await;
    let mut http2 = Client::plain(origin.port(), Version::HTTP_2).await;
    tokio::join!(http1.get("/"), http2.get("/"));

    let counts = origin.counters();
    assert_eq!((counts.connections, counts.open_connections), (2, 2));
    assert_eq!(
        (
            counts.requests.http11,
            counts.requests.http2,
            counts.requests.total()
        ),
        (1, 1, 2)
    );
    assert_eq!(counts.peak_in_flight, 2);
    assert_eq!(counts, whole.counts());
    whole.reset();
    assert_eq!(
        (whole.counts().connections, whole.counts().open_connections),
        (0, 2)
    );
}

#[tokio::test]
async fn chunks_come_with_a_pause_after_each() {
    let pause = Duration::from_millis(5);
    let origin = Origin::builder()
        .serve(move |_| async move { Response::new(Chunks::new(["one", "two"]).pause(pause)) });
    let mut client = Client::plain(origin.port(), Version::HTTP_11).await;
    let start = Instant::now();
    assert_eq!(client.get("/").await, "onetwo");
    assert!(start.elapsed() >= pause * 2 * 9 / 10);
}

#[tokio::test]
async fn a_body_that_breaks_off_arrives_up_to_there() {
    let origin =
        Origin::builder().serve(async |_| Response::new(Chunks::new(["some"]).then_abort()));
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let mut client = Client::plain(origin.port(), version).await;
        let mut body = client.send("GET", "/").await.unwrap().into_body();
        assert_eq!(
            body.frame().await.unwrap().unwrap().into_data().unwrap(),
            "some"
        );
        assert!(body.frame().await.unwrap().is_err());
    }
}

#[tokio::test]
async fn a_handler_that_panics_fails_the_test_when_the_origin_is_dropped() {
    let origin = Origin::builder().serve(async |_| -> Response<Body> { panic!("on purpose") });
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let mut client = Client::plain(origin.port(), version).await;
        assert!(client.send("GET", "/").await.is_err());
    }
    assert!(catch_unwind(AssertUnwindSafe(|| drop(origin))).is_err());
}

//! What distance costs. Only lower bounds are asserted: how much more it is depends on the machine's load.
//! A tenth less is granted: the server's clock aims at the due time and may be early by a fraction of a millisecond.

use std::time::{Duration, Instant};

use hyper::{Response, Version};
use manyfetch_origin::{Certificate, Origin};

use crate::client::Client;

const ROUND_TRIP: Duration = Duration::from_millis(10);

#[tokio::test]
async fn a_fresh_https_request_costs_three_round_trips_and_a_kept_one_costs_one() {
    let certificate = Certificate::for_names(["localhost"]);
    let origin = Origin::builder()
        .tls(&certificate)
        .wide_area(ROUND_TRIP)
        .serve(async |_| Response::new("hello"));
    for alpn in ["h2", "http/1.1"] {
        let start = Instant::now();
        let mut client = Client::secure(origin.port(), certificate.ca_pem(), &[alpn]).await;
        client.get("/").await;
        assert_round_trips(3, start);

        let start = Instant::now();
        client.get("/").await;
        assert_round_trips(1, start);
    }
}

#[tokio::test]
async fn a_fresh_http_request_costs_two_round_trips() {
    let origin = Origin::builder()
        .wide_area(ROUND_TRIP)
        .serve(async |_| Response::new("hello"));
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let start = Instant::now();
        Client::plain(origin.port(), version).await.get("/").await;
        assert_round_trips(2, start);
    }
}

fn assert_round_trips(count: u32, start: Instant) {
    let elapsed = start.elapsed();
    assert!(elapsed >= ROUND_TRIP * count * 9 / 10, "{elapsed:?}");
}

//! What arrives when all goes well, over both protocols.

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, LOCATION, RANGE, USER_AGENT};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::BodyExt;
use manyfetch_engine::Code;
use manyfetch_engine::options::RunOptions;
use manyfetch_origin::{Body, Certificate, Chunks, Origin, Protocols};

use crate::fetch::{client, fetch, fetch_one, fixed, once, plain, with};

#[tokio::test]
async fn a_head_and_a_body_arrive_as_they_were_sent() {
    let origin = Origin::builder().serve(async |_| {
        let response = Response::builder()
            .status(404)
            .header("x-one", "1")
            .header("x-one", "2");
        response.body("not here").expect("it is a response")
    });
    let row = fetch_one(&client(""), plain(origin.url("/a?b#c"))).await;
    assert_eq!((row.status, row.version, row.code), (404, 11, None));
    assert_eq!(row.urls, [origin.url("/a?b")]);
    assert_eq!(row.head[0], "Not Found");
    assert_eq!(row.head[1..3], ["x-one: 1", "x-one: 2"]);
    assert_eq!(row.remote, "127.0.0.1");
    assert_eq!(
        (row.body.as_slice(), row.size, row.wire_size),
        (&b"not here"[..], 8.0, 8.0)
    );
}

#[tokio::test]
async fn the_default_fields_are_sent() {
    let origin = Origin::builder().serve(async |request| {
        let field = |name| {
            request.headers()[name]
                .to_str()
                .expect("it is text")
                .to_owned()
        };
        Response::new(format!(
            "{} | {}",
            field(USER_AGENT),
            field(ACCEPT_ENCODING)
        ))
    });
    let row = fetch_one(&client(""), plain(origin.url("/"))).await;
    let expected = concat!(
        "manyfetch/",
        env!("CARGO_PKG_VERSION"),
        " | gzip, deflate, br, zstd"
    );
    assert_eq!(String::from_utf8_lossy(&row.body), expected);
}

#[tokio::test]
async fn http_2_is_spoken_where_it_is_offered_and_one_connection_carries_everything() {
    let certificate = Certificate::for_names(["localhost"]);
    let origin = Origin::builder()
        .tls(&certificate)
        .serve(async |_| Response::new("over h2"));
    let client = client(certificate.ca_pem());
    let warm_up = fetch_one(&client, once(origin.url("/"))).await;
    assert_eq!(
        (warm_up.version, warm_up.reused),
        (20, false),
        "{}",
        warm_up.message
    );
    let list = (0..100)
        .map(|n| once(origin.url(&format!("/{n}"))))
        .collect();
    let fetched = fetch(&client, RunOptions::default(), list).await;
    assert!(
        fetched
            .rows
            .iter()
            .all(|row| row.version == 20 && row.reused && row.head[0].is_empty())
    );
    assert_eq!(origin.counters().connections, 1);
}

#[tokio::test]
async fn http_1_connections_are_kept_and_counted() {
    let origin = Origin::builder()
        .protocols(Protocols::Http1)
        .serve(async |_| Response::new("kept"));
    let limits = fixed(100, 4);
    let list = (0..100)
        .map(|n| once(origin.url(&format!("/{n}"))))
        .collect();
    let fetched = fetch(
        &client(""),
        RunOptions {
            limits,
            ..RunOptions::default()
        },
        list,
    )
    .await;
    let opened = origin.counters().connections;
    assert!(opened <= 4, "{opened} connections");
    assert_eq!(fetched.stats.connections_opened, opened);
    assert!(fetched.stats.connections_reused >= 96);
    assert!(origin.counters().peak_in_flight <= 4);
}

#[tokio::test]
async fn redirects_are_followed_across_origins_without_the_credentials() {
    let target = Origin::builder().serve(async |request| {
        Response::new(format!("{:?}", request.headers().get(AUTHORIZATION)))
    });
    let there = target.url("/there");
    let origin = Origin::builder().serve(move |_| {
        let response = Response::builder()
            .status(StatusCode::FOUND)
            .header(LOCATION, there.as_str());
        let response = response.body("moved").expect("it is a response");
        async move { response }
    });
    let input = with(origin.url("/"), |options| {
        options
            .headers
            .insert(AUTHORIZATION, HeaderValue::from_static("Bearer secret"));
    });
    let row = fetch_one(&client(""), input).await;
    assert_eq!(row.urls, [origin.url("/"), target.url("/there")]);
    assert_eq!((row.status, row.body.as_slice()), (200, &b"None"[..]));
}

#[tokio::test]
async fn a_redirect_to_nobody_has_no_status_and_names_where_it_led() {
    let origin = Origin::builder().serve(async |_| {
        let response = Response::builder().status(StatusCode::FOUND);
        let response = response.header(LOCATION, "http://127.0.0.1:1/there");
        response.body(Body::empty()).expect("it is a response")
    });
    let row = fetch_one(&client(""), once(origin.url("/"))).await;
    assert_eq!((row.code, row.status), (Some(Code::ConnectionRefused), 0));
    assert_eq!(
        row.urls,
        [origin.url("/").as_str(), "http://127.0.0.1:1/there"]
    );
    assert!(
        row.message.contains("http://127.0.0.1:1/there"),
        "{}",
        row.message
    );
}

#[tokio::test]
async fn redirects_that_never_end_are_given_up_after_twenty() {
    let origin = Origin::builder().serve(async |_| {
        let response = Response::builder()
            .status(StatusCode::FOUND)
            .header(LOCATION, "/again");
        response.body(Body::empty()).expect("it is a response")
    });
    let row = fetch_one(&client(""), once(origin.url("/"))).await;
    assert_eq!((row.code, row.status), (Some(Code::TooManyRedirects), 302));
    assert_eq!(origin.counters().requests.total(), 21);
}

#[tokio::test]
async fn a_redirect_with_an_endless_body_is_followed() {
    let origin = Origin::builder().serve(async |request| {
        let response = Response::builder();
        let response = if request.uri().path() == "/" {
            let endless = Chunks::new(std::iter::repeat(&[0; 4096][..]));
            response
                .status(StatusCode::FOUND)
                .header(LOCATION, "/there")
                .body(Body::from(endless))
        } else {
            response.body(Body::from("arrived"))
        };
        response.expect("it is a response")
    });
    let row = fetch_one(&client(""), once(origin.url("/"))).await;
    assert_eq!(
        (row.code, row.body.as_slice()),
        (None, &b"arrived"[..]),
        "{}",
        row.message
    );
}

#[tokio::test]
async fn a_large_body_arrives_whole_and_an_endless_one_is_cut_at_its_cap() {
    let origin = Origin::builder().serve(async |request| {
        let block: &'static [u8] = &[7; 16_384];
        let endless = request.uri().path() == "/endless";
        let blocks = std::iter::repeat_n(block, if endless { usize::MAX } else { 640 });
        Response::new(Chunks::new(blocks))
    });
    let row = fetch_one(&client(""), once(origin.url("/"))).await;
    assert!(row.body.len() == 640 * 16_384 && row.body.iter().all(|byte| *byte == 7));
    let input = with(origin.url("/endless"), |options| {
        options.max_body_size = Some(1 << 20);
    });
    let row = fetch_one(&client(""), input).await;
    assert_eq!(
        (row.code, row.status, row.body.len()),
        (Some(Code::BodyTooLarge), 200, 0)
    );
}

#[tokio::test]
async fn the_bodies_of_a_run_stay_within_its_credit() {
    let origin = Origin::builder().serve(async |_| Response::new(Bytes::from_static(&[1; 1_000])));
    let options = RunOptions {
        max_buffered_bytes: Some(5_500),
        ..RunOptions::default()
    };
    let list = (0..10).map(|_| once(origin.url("/"))).collect();
    let fetched = fetch(&client(""), options, list).await;
    assert_eq!(fetched.stats.ok, 5);
    assert_eq!(fetched.stats.errors.get(&Code::BufferLimit), Some(&5));
}

#[tokio::test]
async fn bodies_count_by_what_they_decode_to() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&vec![0; 1 << 20]).expect("there is room");
    let bomb = Bytes::from(encoder.finish().expect("there is room"));
    let origin = Origin::builder().serve(move |_| {
        let response = Response::builder().header(CONTENT_ENCODING, "gzip");
        let response = response.body(bomb.clone()).expect("it is a response");
        async move { response }
    });
    let options = RunOptions {
        max_buffered_bytes: Some(5_500_000),
        ..RunOptions::default()
    };
    let list = (0..100).map(|_| once(origin.url("/"))).collect();
    let fetched = fetch(&client(""), options, list).await;
    assert!(fetched.stats.ok <= 5, "{} bodies", fetched.stats.ok);
    let refused = fetched.stats.errors.get(&Code::BufferLimit);
    assert_eq!(refused, Some(&(100 - fetched.stats.ok)));
}

#[tokio::test]
async fn a_part_that_was_asked_for_is_not_decoded() {
    let origin = Origin::builder().serve(async |_| {
        let response = Response::builder()
            .status(206)
            .header("content-encoding", "gzip");
        response.body("half a gzip").expect("it is a response")
    });
    let input = with(origin.url("/"), |options| {
        options
            .headers
            .insert(RANGE, HeaderValue::from_static("bytes=0-10"));
    });
    let row = fetch_one(&client(""), input).await;
    assert_eq!(
        (row.code, row.decoded, row.body.as_slice()),
        (None, false, &b"half a gzip"[..])
    );
}

#[tokio::test]
async fn every_body_is_the_one_of_its_url() {
    let origin = Origin::builder().serve(async |request| {
        let path = request.uri().path().to_owned();
        let body = request
            .into_body()
            .collect()
            .await
            .expect("it has none")
            .to_bytes();
        assert!(body.is_empty());
        Response::new(Chunks::new([path]).pause(Duration::from_micros(50)))
    });
    let list = (0..2_000)
        .map(|n| plain(origin.url(&format!("/{n}"))))
        .collect();
    let limits = fixed(64, 64);
    let fetched = fetch(
        &client(""),
        RunOptions {
            limits,
            ..RunOptions::default()
        },
        list,
    )
    .await;
    for row in &fetched.rows {
        assert_eq!(
            String::from_utf8_lossy(&row.body),
            format!("/{}", row.index)
        );
    }
    assert!(fetched.codes().iter().all(Option::is_none));
}

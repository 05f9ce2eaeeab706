//! The program, as the harness uses it: a scenario in, an answer out, and what a server has seen in between.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write;
use std::process::{Command, Output, Stdio};

use hyper::{Request, Response};
use manyfetch_origin::{Certificate, Origin, Requests};
use serde_json::{Value, json};

const CLIENTS: [&str; 3] = ["reqwest", "reqwest-timeout", "hyper-util"];

fn run(scenario: &Value) -> Output {
    let mut process = Command::new(env!("CARGO_BIN_EXE_manyfetch-limits"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = process.stdin.take().unwrap();
    stdin.write_all(scenario.to_string().as_bytes()).unwrap();
    drop(stdin);
    process.wait_with_output().unwrap()
}

/// Five requests, two of them at a time, for 10, 11, 12, 10 and 11 bytes.
fn scenario(origin: &Origin, client: &str, more: &Value) -> Value {
    let mut scenario = json!({
        "suite": "throughput",
        "urls": { "base": origin.url(""), "shortest": 10, "lengths": 3 },
        "requests": 5,
        "concurrency": 2,
        "options": { "client": client },
    });
    let more = more.as_object().unwrap().clone();
    scenario.as_object_mut().unwrap().extend(more);
    scenario
}

async fn bytes<B>(request: Request<B>) -> Response<Vec<u8>> {
    let length = request.uri().path().strip_prefix("/bytes/").unwrap();
    Response::new(vec![b'x'; length.parse().unwrap()])
}

/// Runs `client`, and says what the server counted.
fn believed(origin: &Origin, client: &str, more: &Value) -> Requests {
    let before = origin.counters().requests;
    let output = run(&scenario(origin, client, more));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{client} {more}: {words}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let tally = json!({ "responses": 5, "statuses": { "200": 5 }, "bytes": 54, "checksum": 163 });
    assert_eq!(answer["tally"], tally, "{client} {more}");
    assert!(answer["seconds"].as_f64().unwrap() > 0.0);
    let library = answer["versions"]["library"].as_str().unwrap();
    assert!(client.starts_with(library.split(' ').next().unwrap()));
    let after = origin.counters().requests;
    Requests {
        http10: after.http10 - before.http10,
        http11: after.http11 - before.http11,
        http2: after.http2 - before.http2,
    }
}

#[test]
fn each_client_fetches_all_and_warms_up_before() {
    let origin = Origin::builder().serve(bytes);
    for client in CLIENTS {
        let in_order = json!({ "options": { "client": client, "inOrder": true } });
        for more in [json!({}), json!({ "keep": true, "warm": 4 }), in_order] {
            let requests = believed(&origin, client, &more);
            let expected = 5 + more["warm"].as_u64().unwrap_or(0);
            assert_eq!((requests.http11, requests.total()), (expected, expected));
        }
    }
}

#[test]
fn each_client_speaks_the_protocol_that_is_asked_for_over_tls() {
    let certificate = Certificate::for_names(["localhost"]);
    let origin = Origin::builder().tls(&certificate).serve(bytes);
    let ca = certificate.ca_pem();
    for client in CLIENTS {
        let http1 = believed(&origin, client, &json!({ "ca": ca, "http": "1.1" }));
        assert_eq!((http1.http11, http1.total()), (5, 5), "{client}");
        let http2 = believed(&origin, client, &json!({ "ca": ca, "http": "2" }));
        assert_eq!((http2.http2, http2.total()), (5, 5), "{client}");
    }
}

#[test]
fn what_cannot_be_done_has_no_answer() {
    let certificate = Certificate::for_names(["localhost"]);
    let secure = Origin::builder().tls(&certificate).serve(bytes);
    let plain = Origin::builder().serve(bytes);
    for client in CLIENTS {
        for (origin, more) in [(&secure, json!({})), (&plain, json!({ "http": "2" }))] {
            let output = run(&scenario(origin, client, &more));
            assert!(!output.status.success() && output.stdout.is_empty());
            assert!(!output.stderr.is_empty());
        }
    }
}

//! The program, as the harness uses it: started as a process, read by its first line, ended by its stdin.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use hyper::body::Bytes;
use hyper::{StatusCode, Version};
use serde_json::Value;
use tokio::net::TcpStream;

use crate::client::{Client, secured};

struct Program {
    process: Child,
    line: Value,
}

impl Program {
    fn start(flags: &[&str]) -> Self {
        let mut process = command(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let line = serde_json::from_str(&line).unwrap();
        Self { process, line }
    }

    fn port(&self, pointer: &str) -> u16 {
        let url = self.line.pointer(pointer).and_then(Value::as_str).unwrap();
        url.rsplit(':').next().unwrap().parse().unwrap()
    }

    async fn client(&self, pointer: &str) -> Client {
        Client::plain(self.port(pointer), Version::HTTP_11).await
    }

    async fn counts(&self) -> Value {
        let text = self.client("/control").await.get("/counters").await;
        serde_json::from_slice(&text).unwrap()
    }

    fn end(mut self) {
        drop(self.process.stdin.take());
        assert!(self.process.wait().unwrap().success());
    }
}

fn command(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manyfetch-origin"));
    command.args(flags);
    command
}

#[tokio::test]
async fn the_first_line_says_where_the_hosts_are_and_what_they_cost() {
    let program = Program::start(&["--links", "3", "--server-time", "1.5", "--round-trip", "2"]);
    let https = program.port("/hosts/b/https");
    let ca = program.line["ca"].as_str().unwrap();
    let page = Client::secure(https, ca, &["h2"])
        .await
        .get("/page/0")
        .await;
    assert_eq!(page.len(), 65_536);
    let times: Vec<f64> = serde_json::from_value(program.line["serverTimesMs"].clone()).unwrap();
    assert!((times.iter().sum::<f64>() - 4.5).abs() < 1e-9, "{times:?}");
    assert_eq!(program.line["roundTripMs"], 2.0);
    assert!(program.line["addresses"].is_null());
    program.end();
}

#[tokio::test]
async fn each_route_answers_get_and_head() {
    let program = Program::start(&["--page-bytes", "100"]);
    let mut client = program.client("/hosts/a/http").await;
    let routes = [
        ("/page/7", 200, 100),
        ("/bytes/1000", 200, 1000),
        ("/bytes/67108865", 404, 0),
        ("/delay/1", 200, 0),
        ("/status/503", 503, 0),
        ("/status/101", 404, 0),
        ("/elsewhere", 404, 0),
    ];
    for (path, status, length) in routes {
        assert_eq!(client.get(path).await.len(), length, "{path}");
        let head = client.send("HEAD", path).await.unwrap();
        assert_eq!(
            head.status(),
            StatusCode::from_u16(status).unwrap(),
            "{path}"
        );
        let announced = head
            .headers()
            .get("content-length")
            .map_or("0", |length| length.to_str().unwrap());
        assert_eq!(announced, length.to_string(), "{path}");
    }
    program.end();
}

#[tokio::test]
async fn pages_are_the_same_in_every_run_and_differ_by_host() {
    let (one, two) = (Program::start(&[]), Program::start(&[]));
    let mut pages: Vec<Bytes> = Vec::new();
    for (program, host) in [
        (&one, "/hosts/a/http"),
        (&two, "/hosts/a/http"),
        (&two, "/hosts/b/http"),
    ] {
        pages.push(program.client(host).await.get("/page/1").await);
    }
    assert_eq!(pages[0], pages[1]);
    assert_ne!(pages[1], pages[2]);
    one.end();
    two.end();
}

#[tokio::test]
async fn the_control_port_counts_and_begins_again() {
    let program = Program::start(&["--threads", "1"]);
    let mut client = program.client("/hosts/a/http").await;
    client.get("/bytes/1").await;
    client.get("/bytes/1").await;
    let counts = program.counts().await;
    assert_eq!(counts["hosts"]["a"]["requests"]["1.1"], 2);
    assert_eq!(counts["hosts"]["b"]["connections"], 0);
    assert_eq!(
        (
            &counts["total"]["connections"],
            &counts["total"]["peakInFlight"]
        ),
        (&1.into(), &1.into())
    );

    let reset = program
        .client("/control")
        .await
        .send("POST", "/reset")
        .await
        .unwrap();
    assert_eq!(reset.status(), StatusCode::NO_CONTENT);
    assert_eq!(program.counts().await["total"]["requests"]["1.1"], 0);
    program.end();
}

/// 127.1.0.2 is the first address whose certificate is not made at the start. macOS has 127.0.0.1 alone.
#[cfg(not(target_os = "macos"))]
#[tokio::test]
async fn each_address_has_a_certificate_of_its_own_and_is_counted() {
    let program = Program::start(&["--addresses", "2"]);
    let port = program.line["addresses"]["port"].as_u64().unwrap();
    let ca = program.line["ca"].as_str().unwrap();
    let mut certificates = Vec::new();
    for address in ["127.1.0.1", "127.1.0.2", "127.1.0.1"] {
        let stream = TcpStream::connect(format!("{address}:{port}")).await;
        let stream = secured(stream.unwrap(), address, ca, &["http/1.1"]).await;
        let shown = stream.get_ref().1.peer_certificates().unwrap()[0].clone();
        certificates.push(shown.into_owned());
        let mut client = Client::over(stream, Version::HTTP_11).await;
        assert_eq!(client.get("/bytes/5").await.len(), 5);
    }
    assert_ne!(certificates[0], certificates[1]);
    assert_eq!(certificates[0], certificates[2]);
    let counts = program.counts().await;
    assert_eq!(counts["total"]["connections"], 3);
    assert_eq!(counts["hosts"]["a"]["requests"]["1.1"], 3);
    program.end();
}

#[test]
fn a_flag_that_is_unknown_is_refused_with_the_usage() {
    let output = command(&["--rond-trip", "20"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("usage: manyfetch-origin")
    );
}

//! Which limit passes, and when: in virtual time, but for the one that needs a connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Response;
use manyfetch_engine::options::{RequestOptions, RunOptions, Timeouts};
use manyfetch_engine::{Code, Input, Phase};
use manyfetch_origin::{Certificate, Origin};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep};

use crate::fake::{self, Pieces};
use crate::fetch::{self, Row, fetch_one, fixed, with};
use crate::{certificates, raw};

const SECOND: Duration = Duration::from_secs(1);

fn timeouts(change: impl FnOnce(&mut Timeouts)) -> Input {
    with("http://a/", |options: &mut RequestOptions| {
        options.timeouts = Timeouts {
            connect: None,
            response: None,
            idle: None,
            request: None,
            total: None,
        };
        change(&mut options.timeouts);
    })
}

fn passed(row: &Row, phase: Phase, after: Duration) {
    assert_eq!(
        (row.code, row.phase),
        (Some(Code::TimedOut), Some(phase)),
        "{}",
        row.message
    );
    let total = Duration::from_secs_f32(row.timings[5] / 1_000.0);
    // The timer rounds up to whole milliseconds.
    assert!(
        total >= after && total < after + Duration::from_millis(5),
        "{total:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_passes_the_limit_of_the_response() {
    let client = fake::client(|_| std::future::pending());
    let row = fetch_one(&client, timeouts(|limits| limits.response = Some(SECOND))).await;
    passed(&row, Phase::Response, SECOND);
    assert_eq!(row.status, 0);
}

#[tokio::test(start_paused = true)]
async fn silence_in_a_body_passes_the_limit_of_silence() {
    let client = fake::client(|_| async {
        Ok((
            fake::head(200),
            Pieces::after(&[SECOND / 2, SECOND / 2, 5 * SECOND]),
        ))
    });
    let row = fetch_one(&client, timeouts(|limits| limits.idle = Some(SECOND))).await;
    passed(&row, Phase::Idle, 2 * SECOND);
    assert_eq!((row.status, row.body.len(), row.wire_size), (200, 0, 2.0));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_passes_only_the_limit_of_the_attempt() {
    let client =
        fake::client(|_| async { Ok((fake::head(200), Pieces::after(&[SECOND / 2; 100]))) });
    let input = timeouts(|limits| {
        limits.idle = Some(SECOND);
        limits.request = Some(10 * SECOND);
    });
    passed(
        &fetch_one(&client, input).await,
        Phase::Request,
        10 * SECOND,
    );
}

#[tokio::test(start_paused = true)]
async fn redirects_are_part_of_the_attempt() {
    let client = fake::client(|_| async {
        sleep(SECOND).await;
        fake::redirect("http://a/again")
    });
    let input = timeouts(|limits| {
        limits.response = Some(2 * SECOND);
        limits.request = Some(5 * SECOND + SECOND / 2);
    });
    passed(
        &fetch_one(&client, input).await,
        Phase::Request,
        5 * SECOND + SECOND / 2,
    );
}

#[tokio::test(start_paused = true)]
async fn the_body_of_a_redirect_is_part_of_the_attempt() {
    let client = fake::client(|_| async {
        let (head, _) = fake::redirect("http://a/again")?;
        Ok((head, Pieces::after(&[SECOND / 4; 100])))
    });
    let input = timeouts(|limits| limits.request = Some(SECOND / 2));
    passed(&fetch_one(&client, input).await, Phase::Request, SECOND / 2);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_permit_counts_against_no_limit() {
    let client = fake::client(|request| async move {
        sleep(SECOND).await;
        if request.url.path() == "/" {
            fake::redirect("http://b/x")
        } else {
            fake::ok()
        }
    });
    let limits = fixed(1, 1);
    let options = RunOptions {
        limits,
        ..RunOptions::default()
    };
    let list = (0..100)
        .map(|_| timeouts(|limits| limits.request = Some(3 * SECOND)))
        .collect();
    let fetched = fetch::fetch(&client, options, list).await;
    assert_eq!(fetched.stats.ok, 100, "{:?}", fetched.stats.errors);
}

/// A body of a piece of `size` bytes every second, for ten minutes.
async fn trickle(size: usize, idle: Option<Duration>, min_speed: Option<f64>) -> (Row, Duration) {
    let client =
        fake::client(
            move |_| async move { Ok((fake::head(200), Pieces::sized(&[SECOND; 600], size))) },
        );
    let input = with("http://a/", |options: &mut RequestOptions| {
        options.timeouts.idle = idle;
        options.min_speed = min_speed;
    });
    let begun = Instant::now();
    (fetch_one(&client, input).await, begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_body_that_crawls_for_a_minute_is_too_slow() {
    for idle in [None, Some(30 * SECOND), Some(600 * SECOND)] {
        let (row, took) = trickle(1, idle, Some(100.0)).await;
        assert_eq!(row.code, Some(Code::TooSlow), "{}", row.message);
        assert_eq!((row.attempts, took.as_secs()), (1, 60));
    }
    assert_eq!(trickle(200, None, Some(100.0)).await.0.body.len(), 120_000);
    assert_eq!(trickle(1, None, None).await.0.body.len(), 600);
}

#[tokio::test(start_paused = true)]
async fn silence_is_too_slow_where_no_limit_of_silence_is_shorter() {
    for (idle, code, seconds) in [
        (None, Code::TooSlow, 60),
        (Some(90 * SECOND), Code::TooSlow, 60),
        (Some(30 * SECOND), Code::TimedOut, 31),
    ] {
        let client = fake::client(|_| async {
            let pieces = Pieces::sized(&[SECOND, 3_600 * SECOND], 10);
            Ok((fake::head(200), pieces))
        });
        let input = with("http://a/", |options| options.timeouts.idle = idle);
        let begun = Instant::now();
        assert_eq!(fetch_one(&client, input).await.code, Some(code));
        assert_eq!(begun.elapsed().as_secs(), seconds);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_was_fast_before_may_not_stop_for_minutes() {
    let client = fake::client(|_| async {
        let mut waits = vec![SECOND; 61];
        waits.push(3_600 * SECOND);
        Ok((fake::head(200), Pieces::sized(&waits, 1_000)))
    });
    let input = with("http://a/", |options| options.timeouts.idle = None);
    let begun = Instant::now();
    assert_eq!(fetch_one(&client, input).await.code, Some(Code::TooSlow));
    assert!(begun.elapsed() < 181 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn no_limit_is_too_large_to_count() {
    let client = fake::client(|_| async {
        sleep(SECOND).await;
        Ok((fake::head(200), Pieces::after(&[SECOND])))
    });
    let longest = [1 << 31, 1 << 53, u64::MAX].map(Duration::from_millis);
    for limit in longest.into_iter().chain([Duration::MAX]).map(Some) {
        let input = timeouts(|limits| {
            *limits = Timeouts {
                connect: limit,
                response: limit,
                idle: limit,
                request: limit,
                total: limit,
            };
        });
        let row = fetch_one(&client, input).await;
        assert_eq!(row.code, None, "{limit:?}: {}", row.message);
    }
}

#[tokio::test(start_paused = true)]
async fn the_shortest_limit_passes_after_it() {
    let client = fake::client(|_| std::future::pending());
    let limit = Duration::from_millis(1);
    let row = fetch_one(&client, timeouts(|limits| limits.response = Some(limit))).await;
    passed(&row, Phase::Response, limit);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_servers_that_never_answer_are_given_up_together() {
    let client = fake::client(|_| std::future::pending());
    let limits = fixed(1_000, 1_000);
    let options = RunOptions {
        limits,
        ..RunOptions::default()
    };
    let list = (0..1_000)
        .map(|_| timeouts(|limits| limits.response = Some(SECOND)))
        .collect();
    for row in fetch::fetch(&client, options, list).await.rows {
        passed(&row, Phase::Response, SECOND);
    }
}

#[tokio::test]
async fn the_limit_of_the_response_does_not_run_while_connecting() {
    let certificate = Certificate::for_names(["localhost"]);
    let origin = Origin::builder()
        .tls(&certificate)
        .wide_area(Duration::from_millis(400))
        .serve(async |_| Response::new("far away"));
    let input = with(origin.url("/"), |options| {
        // Connecting takes two round trips, the response one.
        options.timeouts.response = Some(Duration::from_millis(780));
    });
    let row = fetch_one(&fetch::client(certificate.ca_pem()), input).await;
    assert_eq!(row.code, None, "{}", row.message);
    let [_, _, connect, first_byte, ..] = row.timings;
    assert!(connect >= 780.0 && first_byte >= 380.0, "{:?}", row.timings);
}

#[tokio::test]
async fn a_handshake_that_stalls_passes_the_limit_of_connecting() {
    let silent = raw::serve(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    });
    let silent = silent.await;
    let input = with(format!("https://localhost:{}/", silent.port()), |options| {
        options.timeouts.connect = Some(Duration::from_millis(50));
    });
    let row = fetch_one(&fetch::client(""), input).await;
    assert_eq!(
        (row.code, row.phase),
        (Some(Code::TimedOut), Some(Phase::Connect)),
        "{}",
        row.message
    );
}

#[tokio::test]
async fn the_limit_of_the_response_runs_once_a_connection_that_came_free_is_taken() {
    let (acceptor, ca) = certificates::trusted_acceptor();
    let connections = Arc::<AtomicUsize>::default();
    // The first connection answers one request and then no more; all others never get through their handshake.
    let server = raw::serve(move |stream| {
        let is_first = connections.fetch_add(1, Ordering::Relaxed) == 0;
        let acceptor = acceptor.clone();
        async move {
            if is_first {
                let mut stream = acceptor.accept(stream).await.expect("it is trusted");
                let _ = stream.read(&mut [0; 4096]).await;
                sleep(Duration::from_millis(50)).await;
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                    .await;
                std::future::pending::<()>().await;
            } else {
                std::future::pending::<()>().await;
                drop(stream);
            }
        }
    })
    .await;
    let url = format!("https://localhost:{}/", server.port());
    let input = || {
        with(url.as_str(), |options| {
            options.timeouts.connect = None;
            options.timeouts.response = Some(SECOND);
        })
    };
    let client = fetch::client(&ca);
    let fetched = fetch::fetch(&client, RunOptions::default(), vec![input(), input()]).await;
    let mut phases: Vec<_> = fetched.rows.iter().map(|row| row.phase).collect();
    phases.sort_by_key(Option::is_some);
    assert_eq!(phases, [None, Some(Phase::Response)]);
}

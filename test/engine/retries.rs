//! What is tried again, how often and after how long: counted at the server, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use manyfetch_engine::options::{Backoff, RequestOptions, Retry, RunOptions};
use manyfetch_engine::transport::{Repeat, Request};
use manyfetch_engine::{Code, Input, Phase};
use tokio::time::{Instant, sleep};

use crate::fake::{self, Answer, Log, Pieces};
use crate::fetch::{Row, fetch, fetch_one, fixed, plain, run_options, urls, with};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn steady(limit: u32) -> Retry {
    Retry {
        limit,
        jitter: false,
        budget: None,
        ..Retry::default()
    }
}

fn tried(limit: u32) -> Input {
    with("http://a/", |options| {
        options.retry = Arc::new(steady(limit));
    })
}

/// What comes of `input` where every request is answered by `answer`, and the requests.
async fn one(input: Input, answer: impl Fn(usize) -> Answer + Send + Sync + 'static) -> (Row, Log) {
    let (client, log) = fake::recorded(move |number, _| std::future::ready(answer(number)));
    (fetch_one(&client, input).await, log)
}

fn lasted(gaps: &[Duration], expected: &[u64]) {
    assert_eq!(gaps.len(), expected.len(), "{gaps:?}");
    for (gap, expected) in gaps.iter().zip(expected) {
        let expected = Duration::from_millis(*expected);
        // The timer rounds up to whole milliseconds.
        assert!(*gap >= expected && *gap <= expected + 2 * MS, "{gaps:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stays_down_is_asked_once_and_as_often_again_as_the_limit_says() {
    for limit in [0, 1, 2, 7] {
        let (row, log) = one(tried(limit), |_| fake::status(503, &[])).await;
        assert_eq!(log.len(), 1 + limit as usize);
        assert_eq!((row.status, row.code), (503, None));
        assert_eq!(u32::from(row.attempts), 1 + limit);
    }
}

#[tokio::test(start_paused = true)]
async fn waits_double_up_to_the_most() {
    let (_, log) = one(tried(9), |_| fake::status(500, &[])).await;
    let expected = [
        500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000,
    ];
    lasted(&log.gaps(), &expected);
}

#[tokio::test(start_paused = true)]
async fn waits_are_what_the_options_say() {
    let input = with("http://a/", |options| {
        options.retry = Arc::new(Retry {
            backoff: Backoff {
                base: 10 * MS,
                factor: 3.0,
                max: None,
            },
            ..steady(4)
        });
    });
    let (_, log) = one(input, |_| fake::status(500, &[])).await;
    lasted(&log.gaps(), &[10, 30, 90, 270]);
}

#[tokio::test(start_paused = true)]
async fn no_wait_at_all_is_possible() {
    let input = with("http://a/", |options| {
        options.retry = Arc::new(Retry {
            backoff: Backoff {
                base: Duration::ZERO,
                ..Backoff::default()
            },
            ..steady(3)
        });
    });
    let (_, log) = one(input, |_| fake::status(500, &[])).await;
    lasted(&log.gaps(), &[0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn those_who_failed_together_do_not_come_back_together() {
    let (client, log) = fake::recorded(|number, _| async move {
        fake::status(if number < 1_000 { 503 } else { 200 }, &[])
    });
    let retry = Retry {
        jitter: true,
        ..steady(2)
    };
    let begun = Instant::now();
    let options = run_options(fixed(1_000, 1_000), retry);
    let fetched = fetch(&client, options, urls("a", 1_000).collect()).await;
    assert_eq!(fetched.stats.ok, 1_000);
    let mut tenths = [0; 10];
    for at in &log.times(None)[1_000..] {
        let after = u64::try_from((*at - begun).as_millis()).expect("it is short");
        assert!(after <= 502, "{after}");
        tenths[usize::try_from(after / 51).expect("it is short")] += 1;
    }
    // A hundred each, and far less than what chance could do to that.
    assert!(
        tenths.iter().all(|count| (50..150).contains(count)),
        "{tenths:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_passes_leaves_a_good_result() {
    let (row, log) = one(tried(2), |number| fake::status([500, 200][number], &[])).await;
    assert_eq!((row.status, row.code, row.attempts), (200, None, 2));
    assert_eq!(log.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn statuses_that_pass_are_tried_again_and_no_others() {
    for status in 200..=599 {
        if matches!(status, 301 | 302 | 303 | 307 | 308) {
            continue;
        }
        let (row, log) = one(tried(1), move |_| fake::status(status, &[])).await;
        let is_passing = [408, 429, 500, 502, 503, 504, 521, 522, 524].contains(&status);
        assert_eq!(log.len(), 1 + usize::from(is_passing), "{status}");
        assert_eq!((row.status, row.code), (status, None));
    }
}

#[tokio::test(start_paused = true)]
async fn failures_that_pass_are_tried_again_and_no_others() {
    let passing = [
        Code::ConnectionRefused,
        Code::ConnectionReset,
        Code::BrokenPipe,
        Code::HostUnreachable,
        Code::NetworkUnreachable,
        Code::NameTryAgain,
        Code::TimedOut,
        Code::BodyTruncated,
    ];
    // Of these there is none left for a while, which has a rule of its own.
    let short = [
        Code::ProcessFileLimit,
        Code::SystemFileLimit,
        Code::AddressNotAvailable,
        Code::AddressInUse,
        Code::NoBufferSpace,
    ];
    for &code in Code::ALL.iter().filter(|code| !short.contains(code)) {
        let (row, log) = one(tried(1), move |_| fake::failure(code)).await;
        let tries = 1 + u16::from(passing.contains(&code));
        assert_eq!(log.len(), usize::from(tries), "{code:?}");
        assert_eq!((row.code, row.attempts), (Some(code), tries), "{code:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_limit_of_time_of_one_attempt_is_worth_another() {
    for phase in [Phase::Connect, Phase::Response, Phase::Idle, Phase::Request] {
        let (row, log) = one(tried(2), move |_| fake::timed_out(phase)).await;
        assert_eq!((row.phase, log.len()), (Some(phase), 3));
    }
}

#[tokio::test(start_paused = true)]
async fn methods_that_may_not_be_repeated_are_sent_once() {
    let methods = [
        "GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "POST", "PATCH",
    ];
    for method in methods {
        for answer in [
            || fake::status(500, &[]),
            || fake::failure(Code::ConnectionReset),
            || fake::lost(Repeat::Fresh),
        ] {
            let input = with("http://a/", |options| {
                options.method = method.parse().expect("it is a method");
                options.retry = Arc::new(steady(1));
            });
            let (_, log) = one(input, move |_| answer()).await;
            let is_once = ["POST", "PATCH"].contains(&method);
            assert_eq!(log.len() == 1, is_once, "{method}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_lists_are_the_callers_to_change() {
    let input = |retry: Retry| {
        with("http://a/", |options| {
            options.method = Method::POST;
            options.retry = Arc::new(retry);
        })
    };
    let retry = Retry {
        methods: vec![Method::POST],
        status_codes: vec![404],
        error_codes: vec![Code::NameNotFound],
        ..steady(1)
    };
    for (answer, count) in [
        ((|| fake::status(404, &[])) as fn() -> Answer, 2),
        (|| fake::status(503, &[]), 1),
        (|| fake::failure(Code::NameNotFound), 2),
        (|| fake::failure(Code::ConnectionReset), 1),
    ] {
        let (_, log) = one(input(retry.clone()), move |_| answer()).await;
        assert_eq!(log.len(), count);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_origin_gets_no_more_than_the_budget() {
    let (client, log) = fake::recorded(|_, _| async { fake::failure(Code::ConnectionRefused) });
    let fetched = fetch(&client, RunOptions::default(), urls("a", 10_000).collect()).await;
    assert_eq!(fetched.stats.failed, 10_000);
    assert_eq!(log.len(), 10_000 + 10 + 2_000);
}

#[tokio::test(start_paused = true)]
async fn a_small_run_has_ten_retries_whatever_its_budget() {
    let (client, log) = fake::recorded(|_, _| async { fake::status(500, &[]) });
    let retry = Retry {
        budget: Some(0.0),
        ..steady(5)
    };
    let options = run_options(fixed(10, 10), retry);
    fetch(&client, options, urls("a", 4).collect()).await;
    assert_eq!(log.len(), 4 + 10);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_is_fetched_anew_and_takes_no_credit_twice() {
    let (client, log) = fake::recorded(|number, _| async move {
        let body = Pieces::sized(&[MS; 4], 200);
        let body = if number < 3 {
            body.broken(Code::BodyTruncated)
        } else {
            body
        };
        Ok((fake::head(200), body))
    });
    let options = RunOptions {
        max_buffered_bytes: Some(1_000),
        ..run_options(fixed(1, 1), steady(3))
    };
    let fetched = fetch(&client, options, vec![plain("http://a/")]).await;
    let row = &fetched.rows[0];
    assert_eq!((row.code, row.attempts, log.len()), (None, 4, 4));
    assert_eq!((row.body.len(), row.size), (800, 800.0));
}

#[tokio::test(start_paused = true)]
async fn a_try_after_a_redirect_repeats_the_last_hop() {
    let (row, log) = one(tried(2), |number| match number {
        0 => fake::redirect("http://b/"),
        1 => fake::status(503, &[]),
        _ => fake::ok(),
    })
    .await;
    let hosts: Vec<_> = log
        .requests()
        .iter()
        .map(|(_, r)| fake::host_of(r))
        .collect();
    assert_eq!(hosts, ["a", "b", "b"]);
    assert_eq!((row.status, row.attempts), (200, 2));
    assert_eq!(row.urls, ["http://a/", "http://b/"]);
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_an_attempt_is_for_each_anew() {
    let (client, log) = fake::recorded(|number, _| async move {
        sleep(if number < 2 { 3 * SECOND } else { SECOND }).await;
        fake::ok()
    });
    let input = with("http://a/", |options: &mut RequestOptions| {
        options.timeouts.request = Some(2 * SECOND);
        options.retry = Arc::new(steady(2));
    });
    let row = fetch_one(&client, input).await;
    assert_eq!((row.code, row.attempts), (None, 3), "{}", row.message);
    lasted(&log.gaps(), &[2_500, 3_000]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_whose_time_ends_in_a_body_nobody_wants_is_one_retry_and_no_more() {
    let (client, log) =
        fake::recorded(|_, _| async { Ok((fake::head(503), Pieces::after(&[SECOND / 4; 3]))) });
    let input = || {
        with("http://a/", |options: &mut RequestOptions| {
            options.timeouts.request = Some(SECOND / 2);
            options.retry = Arc::new(Retry {
                budget: Some(0.0),
                ..steady(10)
            });
        })
    };
    fetch_one(&client, input()).await;
    assert_eq!(log.len(), 11);
}

fn repeats(log: &Log) -> Vec<bool> {
    let requests = log.requests();
    let is_fresh = |(_, request): &(Instant, Request)| request.is_fresh;
    requests.iter().map(is_fresh).collect()
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_gone_is_made_up_for_at_once_and_nobody_is_told() {
    for repeat in [Repeat::Fresh, Repeat::Pooled] {
        let (row, log) = one(tried(0), move |number| {
            if number == 0 {
                fake::lost(repeat)
            } else {
                fake::ok()
            }
        })
        .await;
        assert_eq!((row.status, row.attempts), (200, 1));
        assert_eq!(repeats(&log), [false, repeat == Repeat::Fresh]);
        lasted(&log.gaps(), &[0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_always_gone_is_made_up_for_once() {
    let (row, log) = one(tried(2), |_| fake::lost(Repeat::Fresh)).await;
    assert_eq!((row.code, row.attempts), (Some(Code::ConnectionReset), 3));
    assert_eq!(repeats(&log), [false, true, false, false]);
}

//! The time of an item and of a run, in every phase, and how a run ends before its last item.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use manyfetch_engine::Rate;
use manyfetch_engine::options::{Limits, RequestOptions, Retry, RunOptions};
use manyfetch_engine::{Code, Input, Phase};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use crate::fake::{self, Pieces};
use crate::fetch::{Row, fetch, finish, fixed, plain, start, urls, with};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// A client whose first request is left in the phase of this name for a minute; all others take a second.
fn stuck(phase: &'static str) -> (manyfetch_engine::Client<fake::Fake>, fake::Log) {
    fake::recorded(move |number, _| async move {
        match (phase, number) {
            ("head", 0) => sleep(60 * SECOND).await,
            ("body", 0) => return Ok((fake::head(200), Pieces::after(&[20 * SECOND; 3]))),
            ("unwanted body", 0) => {
                let (head, _) = fake::redirect("http://a/again")?;
                return Ok((head, Pieces::after(&[900 * MS; 9])));
            }
            ("pause", 0) => return fake::busy(429, "50"),
            ("back-off", 0) => return fake::status(503, &[]),
            _ => sleep(SECOND).await,
        }
        fake::ok()
    })
}

fn options() -> RequestOptions {
    let mut options = RequestOptions {
        min_speed: None,
        ..RequestOptions::default()
    };
    options.timeouts.response = None;
    options.timeouts.idle = None;
    let mut retry = Retry {
        jitter: false,
        ..Retry::default()
    };
    retry.backoff.base = 30 * SECOND;
    options.retry = Arc::new(retry);
    options
}

/// It passed `phase` after `limit`.
fn passed(row: &Row, phase: Phase, limit: Duration) {
    let shown = format!("{row:?}");
    assert_eq!(
        (row.code, row.phase),
        (Some(Code::TimedOut), Some(phase)),
        "{shown}"
    );
    let took = Duration::from_secs_f32(row.timings[5] / 1_000.0);
    assert!(took + MS / 10 >= limit && took < limit + 5 * MS, "{shown}");
}

const PHASES: [&str; 5] = ["head", "body", "unwanted body", "pause", "back-off"];

#[tokio::test(start_paused = true)]
async fn the_time_of_an_item_passes_wherever_it_is() {
    for phase in PHASES {
        let (client, _) = stuck(phase);
        let mut timed = options();
        let limit = SECOND / 2;
        timed.timeouts.total = Some(limit);
        let input = Input {
            url: "http://a/".into(),
            options: Some(Ok(Box::new(timed))),
            file: None,
        };
        // The one that takes its place is in flight for longer.
        let list = vec![input, plain("http://b/")];
        let run = RunOptions {
            limits: fixed(1, 1),
            ..RunOptions::default()
        };
        let begun = Instant::now();
        let (mut run, rung) = start(&client, run);
        run.push(list);
        run.end();
        sleep(limit + 5 * MS).await;
        assert_eq!(run.stats().failed, 1, "{phase}");
        let rows = finish(&run, &rung).await;
        passed(&rows[0], Phase::Total, limit);
        assert_eq!(rows[1].status, 200);
        assert!(begun.elapsed() < 2 * SECOND, "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_run_passes_wherever_its_items_are() {
    for phase in PHASES {
        let (client, log) = stuck(phase);
        let limit = 10 * SECOND + SECOND / 2;
        let run = RunOptions {
            limits: fixed(1, 1),
            request: Arc::new(options()),
            deadline: Some(limit),
            ..RunOptions::default()
        };
        let list = urls("a", 1).chain(urls("b", 100)).collect();
        let begun = Instant::now();
        let fetched = fetch(&client, run, list).await;
        let took = begun.elapsed();
        assert!(took >= limit && took < limit + 5 * MS, "{phase}: {took:?}");
        let done = fetched.rows.iter().filter(|row| row.code.is_none()).count();
        let is_held_up = matches!(phase, "head" | "body");
        assert_eq!(done > 5, !is_held_up, "{phase}: {done}");
        for row in fetched.rows.iter().filter(|row| row.code.is_some()) {
            passed(row, Phase::Deadline, limit);
        }
        assert!(log.len() < 15, "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_an_item_runs_while_it_waits_for_its_turn_and_for_its_rate() {
    let client = fake::client(|_| async {
        sleep(SECOND).await;
        fake::ok()
    });
    let rated = Limits {
        rate: Rate::per_second(1.0),
        ..fixed(100, 100)
    };
    for limits in [fixed(1, 1), rated] {
        let list = (0..100)
            .map(|_| with("http://a/", |o| o.timeouts.total = Some(5 * SECOND + MS)))
            .collect();
        let run = RunOptions {
            limits,
            ..RunOptions::default()
        };
        let begun = Instant::now();
        let fetched = fetch(&client, run, list).await;
        assert!(begun.elapsed() < 5 * SECOND + 10 * MS);
        // The sixth of those with a rate was sent in vain, the fifth came back in the last moment.
        assert!((4..=5).contains(&fetched.stats.ok), "{}", fetched.stats.ok);
        for row in fetched.rows.iter().filter(|row| row.code.is_some()) {
            passed(row, Phase::Total, 5 * SECOND + MS);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_of_both_times_is_the_one_that_is_told() {
    for (total, deadline, phase) in [(2, 3, Phase::Total), (3, 2, Phase::Deadline)] {
        let client = fake::client(|_| std::future::pending());
        let run = RunOptions {
            deadline: Some(deadline * SECOND),
            ..RunOptions::default()
        };
        let input = with("http://a/", |o| o.timeouts.total = Some(total * SECOND));
        let fetched = fetch(&client, run, vec![input]).await;
        passed(&fetched.rows[0], phase, 2 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_after_the_time_of_a_run_is_not_sent() {
    let (client, log) = fake::recorded(|_, _| async { fake::ok() });
    let run = RunOptions {
        deadline: Some(SECOND),
        ..RunOptions::default()
    };
    let (mut run, rung) = start(&client, run);
    run.push(urls("a", 2).collect());
    sleep(2 * SECOND).await;
    run.push(urls("a", 2).collect());
    run.end();
    let rows = finish(&run, &rung).await;
    assert_eq!(log.len(), 2);
    assert!(rows[..2].iter().all(|row| row.status == 200));
    assert!(
        rows[2..]
            .iter()
            .all(|row| row.phase == Some(Phase::Deadline))
    );
}

#[tokio::test(start_paused = true)]
async fn tens_of_thousands_of_items_are_given_up_together() {
    let client = fake::client(|_| std::future::pending());
    let run = RunOptions {
        deadline: Some(SECOND),
        limits: fixed(10, 10),
        ..RunOptions::default()
    };
    let begun = Instant::now();
    let fetched = fetch(&client, run, urls("a", 50_000).collect()).await;
    assert_eq!(fetched.stats.failed, 50_000);
    assert!(begun.elapsed() < SECOND + 5 * MS);
}

#[tokio::test(start_paused = true)]
async fn no_time_of_an_attempt_runs_while_an_item_waits() {
    let (client, _) = fake::recorded(|number, _| async move {
        sleep(SECOND / 2).await;
        match number {
            0 => fake::busy(503, "55"),
            1 => fake::status(500, &[]),
            2 => fake::redirect("http://b/"),
            _ => fake::ok(),
        }
    });
    let mut request = options();
    request.timeouts.connect = Some(SECOND);
    request.timeouts.response = Some(SECOND);
    request.timeouts.idle = Some(SECOND);
    request.timeouts.request = Some(SECOND + SECOND / 2);
    let run = RunOptions {
        limits: fixed(1, 1),
        request: Arc::new(request),
        ..RunOptions::default()
    };
    let fetched = fetch(&client, run, urls("a", 100).collect()).await;
    assert_eq!(fetched.stats.ok, 100, "{:?}", fetched.stats.errors);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_stops_at_an_error_says_so_at_once_and_starts_nothing_more() {
    let (client, log) = fake::recorded(|number, _| async move {
        sleep(if number == 3 { SECOND } else { 2 * SECOND }).await;
        if number == 3 {
            fake::failure(Code::NameNotFound)
        } else {
            fake::status(404, &[])
        }
    });
    let run = RunOptions {
        limits: fixed(10, 10),
        stop_on_error: true,
        ..RunOptions::default()
    };
    let begun = Instant::now();
    let (mut run, rung) = start(&client, run);
    run.push(urls("a", 10_000).collect());
    rung.notified().await;
    assert!(begun.elapsed() < SECOND + 5 * MS);
    let batch = run.take_batch().expect("there is one");
    assert_eq!(batch.len, 1);
    sleep(600 * SECOND).await;
    assert_eq!(log.len(), 10);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_after_an_item_that_cannot_be() {
    let (client, log) = fake::recorded(|_, _| async { fake::ok() });
    let run = RunOptions {
        stop_on_error: true,
        ..RunOptions::default()
    };
    let (mut run, rung) = start(&client, run);
    run.push(
        std::iter::once(plain("no URL"))
            .chain(urls("a", 10_000))
            .collect(),
    );
    rung.notified().await;
    sleep(600 * SECOND).await;
    assert_eq!(log.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_bell_breaks_is_broken() {
    let client = fake::client(|_| async {
        sleep(SECOND).await;
        fake::ok()
    });
    let is_first = AtomicBool::new(true);
    let bell = Box::new(move || assert!(!is_first.swap(false, Ordering::Relaxed), "a bug"));
    let mut run = client.start_on(&Handle::current(), RunOptions::default(), bell);
    run.push(urls("a", 600).collect());
    sleep(600 * SECOND).await;
    assert!(run.failure().is_some());
}

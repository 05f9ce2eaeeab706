//! Hosts that ask to be left alone, and hosts that cannot be reached, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use manyfetch_engine::Rate;
use manyfetch_engine::options::{Limits, RequestOptions, Retry, RunOptions};
use manyfetch_engine::{Code, Phase};
use tokio::time::{Instant, sleep};

use crate::fake::{self, host_of};
use crate::fetch::{fetch, fetch_one, finish, fixed, once, plain, run_options, start, urls, with};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn retry(limit: u32) -> Retry {
    Retry {
        limit,
        jitter: false,
        ..Retry::default()
    }
}

/// The timer rounds up to whole milliseconds.
fn about(time: Duration, expected: Duration) -> bool {
    time >= expected && time <= expected + 5 * MS
}

#[tokio::test(start_paused = true)]
async fn a_host_that_asks_for_it_is_left_alone_and_the_others_are_not() {
    for status in [429, 503] {
        let begun = Instant::now();
        let (client, log) = fake::recorded(move |number, request| async move {
            sleep(MS).await;
            if number == 0 {
                return fake::busy(status, "7");
            }
            sleep(if host_of(&request) == "a" {
                MS
            } else {
                100 * MS
            })
            .await;
            fake::ok()
        });
        let list = urls("a", 30).chain(urls("b", 30)).collect();
        let fetched = fetch(&client, run_options(fixed(2, 1), retry(0)), list).await;
        assert_eq!(fetched.rows[0].status, status);
        assert_eq!(fetched.stats.ok, 59);
        let (a, b) = (log.times(Some("a")), log.times(Some("b")));
        assert!(about(a[1] - begun, 7 * SECOND + MS), "{:?}", a[1] - begun);
        assert!(b[29] - begun < 4 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_date_is_as_good_as_a_number() {
    let (client, log) = fake::recorded(|number, _| async move {
        if number > 0 {
            return fake::ok();
        }
        let fields = [
            ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("retry-after", "Sun, 06 Nov 1994 08:49:57 GMT"),
        ];
        fake::status(429, &fields)
    });
    let row = fetch_one(&client, plain("http://a/")).await;
    assert_eq!((row.status, row.attempts), (200, 2));
    assert!(about(log.gaps()[0], 20 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_refusals_is_one_pause() {
    let begun = Instant::now();
    let (client, log) = fake::recorded(|number, _| async move {
        sleep(10 * MS).await;
        if number < 10 {
            fake::busy(429, "5")
        } else {
            fake::ok()
        }
    });
    let fetched = fetch(
        &client,
        run_options(fixed(10, 10), retry(2)),
        urls("a", 100).collect(),
    )
    .await;
    assert_eq!((fetched.stats.ok, log.len()), (100, 110));
    assert!(begun.elapsed() < 6 * SECOND, "{:?}", begun.elapsed());
    assert!(log.times(None)[10] - begun >= 5 * SECOND);
    // Those who were sent away come first.
    let first: Vec<_> = log.requests()[10..20]
        .iter()
        .map(|(_, request)| request.url.path().to_owned())
        .collect();
    assert!(
        (0..10).all(|n| first.contains(&format!("/{n}"))),
        "{first:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_for_all_runs_of_a_client_and_for_no_other_client() {
    let make = || {
        fake::recorded(|number, _| async move {
            if number == 0 {
                fake::busy(503, "9")
            } else {
                fake::ok()
            }
        })
    };
    let (client, log) = make();
    let again = client.clone();
    fetch_one(&client, once("http://a/")).await;
    fetch_one(&again, once("http://a/")).await;
    assert!(about(log.gaps()[0], 9 * SECOND));
    let (other, _) = make();
    let begun = Instant::now();
    fetch(&other, RunOptions::default(), vec![once("http://a/")]).await;
    assert!(begun.elapsed() < SECOND);
}

#[tokio::test(start_paused = true)]
async fn waits_that_the_server_asks_for_are_free_ten_times() {
    let strict = Retry {
        limit: 1,
        budget: Some(0.0),
        ..retry(1)
    };
    let (client, log) = fake::recorded(|_, _| async { fake::busy(429, "1") });
    let options = run_options(fixed(10, 10), strict.clone());
    let fetched = fetch(&client, options, vec![plain("http://a/")]).await;
    let row = &fetched.rows[0];
    assert_eq!((row.status, row.attempts, log.len()), (429, 11, 11));

    // Neither the limit nor the budget is used up by them.
    let (client, log) = fake::recorded(|number, _| async move {
        match number {
            0..5 => fake::busy(429, "1"),
            5 => fake::status(500, &[]),
            _ => fake::ok(),
        }
    });
    let options = run_options(fixed(10, 10), strict);
    let fetched = fetch(&client, options, vec![plain("http://a/")]).await;
    assert_eq!((fetched.rows[0].status, log.len()), (200, 7));
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_too_long_is_answered_by_giving_up_until_then() {
    let (client, log) = fake::recorded(|number, request| async move {
        sleep(MS).await;
        if number == 0 {
            fake::busy(503, "61")
        } else {
            assert!(host_of(&request) != "a" || number > 10, "it is closed");
            fake::ok()
        }
    });
    let list = urls("a", 50).chain(urls("b", 10)).collect();
    let begun = Instant::now();
    let fetched = fetch(&client, run_options(fixed(2, 1), retry(2)), list).await;
    assert!(begun.elapsed() < SECOND);
    let first = &fetched.rows[0];
    assert_eq!((first.status, first.code, first.attempts), (503, None, 1));
    for row in &fetched.rows[1..50] {
        assert_eq!((row.code, row.attempts), (Some(Code::HostUnavailable), 0));
    }
    assert_eq!((fetched.stats.ok, log.len()), (10, 11));

    // What comes later is given up too, in any run, and none of it once the time is over.
    tokio::time::sleep_until(begun + 60 * SECOND).await;
    let row = fetch_one(&client, plain("http://a/")).await;
    assert_eq!((row.code, row.attempts), (Some(Code::HostUnavailable), 0));
    sleep(2 * SECOND).await;
    let row = fetch_one(&client, plain("http://a/")).await;
    assert_eq!((row.status, row.code), (200, None));
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_too_long_is_not_waited_for_on_another_account() {
    let rated = Limits {
        rate_per_host: Rate::per_second(0.01),
        ..fixed(2, 2)
    };
    for (limits, shorter) in [(fixed(2, 2), Some("30")), (rated, None)] {
        let (client, log) = fake::recorded(move |number, _| async move {
            sleep(if number == 0 { MS } else { 2 * MS }).await;
            match shorter {
                Some(shorter) if number == 0 => fake::busy(503, shorter),
                _ => fake::busy(503, "3600"),
            }
        });
        let begun = Instant::now();
        let fetched = fetch(
            &client,
            run_options(limits, retry(2)),
            urls("a", 100).collect(),
        )
        .await;
        assert!(begun.elapsed() < SECOND, "{:?}", begun.elapsed());
        assert_eq!(fetched.stats.statuses.len(), 1);
        assert!(log.len() <= 2);
    }
}

#[tokio::test(start_paused = true)]
async fn no_wait_is_too_long_for_who_says_so() {
    let (client, log) = fake::recorded(|number, _| async move {
        if number == 0 {
            fake::busy(503, "3600")
        } else {
            fake::ok()
        }
    });
    let endless = Retry {
        max_retry_after: None,
        ..retry(1)
    };
    let options = run_options(fixed(1, 1), endless);
    let fetched = fetch(&client, options, vec![plain("http://a/")]).await;
    assert_eq!(fetched.stats.ok, 1);
    assert!(about(log.gaps()[0], 3_600 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_or_is_over_is_any_other_failure() {
    let values = [
        "0",
        "-1",
        "1.5",
        "abc",
        "5, 10",
        "0x10",
        "",
        "Sun, 06 Nov 1994 08:49:37 GMT",
    ];
    for value in values {
        let (client, log) = fake::recorded(move |_, _| async move { fake::busy(503, value) });
        let options = run_options(fixed(1, 1), retry(2));
        let fetched = fetch(&client, options, vec![plain("http://a/")]).await;
        assert_eq!(fetched.rows[0].status, 503);
        assert_eq!(log.len(), 3, "{value}");
        let gaps = log.gaps();
        assert!(
            about(gaps[0], 500 * MS) && about(gaps[1], SECOND),
            "{value}: {gaps:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn who_may_not_be_sent_again_pauses_the_host_all_the_same() {
    let post = with("http://a/", |options: &mut RequestOptions| {
        options.method = Method::POST;
        options.retry = Arc::new(retry(2));
    });
    for input in [post, once("http://a/")] {
        let (client, log) = fake::recorded(|number, _| async move {
            if number == 0 {
                fake::busy(429, "4")
            } else {
                fake::ok()
            }
        });
        let row = fetch_one(&client, input).await;
        assert_eq!((row.status, row.attempts), (429, 1));
        assert_eq!(fetch_one(&client, plain("http://a/")).await.status, 200);
        assert!(about(log.gaps()[0], 4 * SECOND));
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_cancelled_while_it_waits_sends_nothing_more() {
    for answer in [|| fake::busy(429, "5"), || fake::status(500, &[])] {
        let (client, log) = fake::recorded(move |_, _| async move { answer() });
        let (mut run, _rung) = start(&client, run_options(fixed(1, 1), retry(9)));
        run.push(vec![plain("http://a/")]);
        sleep(100 * MS).await;
        run.cancel();
        sleep(600 * SECOND).await;
        assert_eq!(log.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_never_accepts_a_connection_is_given_up_for_the_run() {
    for is_limited in [false, true] {
        let (client, log) = fake::recorded(|_, request| async move {
            sleep(10 * SECOND).await;
            if host_of(&request) == "dead" {
                fake::timed_out(Phase::Connect)
            } else {
                fake::ok()
            }
        });
        let client = if is_limited {
            client.limited(fixed(50, 5))
        } else {
            client
        };
        let list = urls("dead", 200).chain(urls("alive", 20)).collect();
        let (mut run, rung) = start(&client, run_options(fixed(50, 5), retry(0)));
        run.push(list);
        run.end();
        sleep(3_600 * SECOND).await;
        assert!(run.is_finished(), "{:?}", run.stats());
        let rows = finish(&run, &rung).await;
        assert_eq!(run.stats().ok, 20);
        // Those in flight with the twentieth are answered too.
        let sent = log.times(Some("dead")).len();
        assert!((20..25).contains(&sent), "{sent}");
        let count = |code| rows.iter().filter(|row| row.code == Some(code)).count();
        assert_eq!(count(Code::TimedOut), sent);
        assert_eq!(count(Code::HostUnavailable), 200 - sent);

        // For another run the host is as good as any.
        let fetched = fetch(&client, RunOptions::default(), vec![once("http://dead/")]).await;
        assert_eq!(fetched.rows[0].phase, Some(Phase::Connect));
    }
}

#[tokio::test(start_paused = true)]
async fn one_answer_in_between_shows_that_a_host_can_be_reached() {
    let (client, log) = fake::recorded(|number, _| async move {
        if number % 20 == 19 {
            fake::ok()
        } else {
            fake::timed_out(Phase::Connect)
        }
    });
    let options = run_options(fixed(1, 1), retry(0));
    fetch(&client, options, urls("a", 200).collect()).await;
    assert_eq!(log.len(), 200);
}

//! How many requests start in a second, on the server's clock.

use std::sync::Arc;
use std::time::Duration;

use manyfetch_engine::Rate;
use manyfetch_engine::options::{HostLimits, Limits, Retry, RunOptions};
use manyfetch_engine::transport::Repeat;
use manyfetch_engine::{HostPattern, HostRules};
use tokio::time::{Instant, sleep};

use crate::fake::{self, Log, host_of};
use crate::fetch::{fetch, fixed, plain, run_options, urls};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn rate(per_second: f64) -> Rate {
    Rate::per_second(per_second).expect("it is a rate")
}

fn in_all(per_second: f64) -> Limits {
    Limits {
        rate: Some(rate(per_second)),
        ..fixed(1_000, 1_000)
    }
}

fn per_host(per_second: f64) -> Limits {
    Limits {
        rate_per_host: Some(rate(per_second)),
        ..fixed(1_000, 1_000)
    }
}

fn run(limits: Limits) -> RunOptions {
    RunOptions {
        limits,
        ..RunOptions::default()
    }
}

/// No window of a second has more than the rate and its burst, and in all nearly nothing of it is left unused.
fn holds(times: &[Instant], per_second: f64) {
    let most = per_second + (per_second / 10.0).max(1.0);
    let mut first = 0;
    for (last, at) in times.iter().enumerate() {
        while *at - times[first] >= SECOND {
            first += 1;
        }
        let count = last - first + 1;
        assert!(
            count as f64 <= most,
            "{count} in a second, {per_second} allowed"
        );
    }
    let (first, last) = (times[0], times[times.len() - 1]);
    let used = (times.len() - 1) as f64 / (last - first).as_secs_f64();
    assert!(used >= 0.95 * per_second, "{used} of {per_second} used");
}

#[tokio::test(start_paused = true)]
async fn no_second_has_more_than_the_rate_and_its_burst() {
    for per_second in [0.5, 1.0, 3.0, 50.0, 333.0, 5_000.0] {
        for limits in [in_all(per_second), per_host(per_second)] {
            let (client, log) = fake::recorded(|number, _| async move {
                sleep(u32::try_from(number % 7).expect("it is small") * MS).await;
                fake::ok()
            });
            let count = if per_second < 10.0 { 40 } else { 10_000 };
            let fetched = fetch(&client, run(limits), urls("a", count).collect()).await;
            assert_eq!(fetched.stats.ok, count as u64);
            holds(&log.times(None), per_second);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn redirects_retries_and_repeats_count() {
    for limits in [in_all(50.0), per_host(50.0)] {
        let (client, log) = fake::recorded(|number, request| async move {
            sleep(MS).await;
            match number % 5 {
                0 if request.url.path().len() < 9 => {
                    fake::redirect(&format!("http://a{}+", request.url.path()))
                }
                1 => fake::status(503, &[]),
                2 if !request.is_fresh => fake::lost(Repeat::Fresh),
                _ => fake::ok(),
            }
        });
        let retry = Retry {
            limit: 100,
            budget: None,
            ..Retry::default()
        };
        let fetched = fetch(
            &client,
            run_options(limits, retry),
            urls("a", 300).collect(),
        )
        .await;
        assert_eq!(fetched.stats.ok, 300);
        assert!(log.len() > 450, "{}", log.len());
        // The last ones wait longer than the rate makes them.
        holds(&log.times(None)[..400], 50.0);
    }
}

#[tokio::test(start_paused = true)]
async fn each_host_has_a_rate_of_its_own() {
    let (client, log) = fake::recorded(|_, _| async { fake::ok() });
    let mut hosts = HostRules::default();
    let slower = HostLimits {
        rate: Some(Some(rate(2.0))),
        ..HostLimits::default()
    };
    let unlimited = HostLimits {
        rate: Some(None),
        ..HostLimits::default()
    };
    hosts.insert(
        HostPattern::parse("*.slow").expect("it is a pattern"),
        slower,
    );
    hosts.insert(
        HostPattern::parse("free").expect("it is a pattern"),
        unlimited,
    );
    let limits = Limits {
        hosts,
        ..per_host(10.0)
    };
    let names = ["x.slow", "y.slow", "a", "b", "free"];
    let list = names.iter().flat_map(|host| urls(host, 100)).collect();
    let begun = Instant::now();
    fetch(&client, run(limits), list).await;
    for (host, per_second) in [("x.slow", 2.0), ("y.slow", 2.0), ("a", 10.0), ("b", 10.0)] {
        holds(&log.times(Some(host)), per_second);
    }
    assert!(log.times(Some("free"))[99] - begun < 10 * MS);
}

#[tokio::test(start_paused = true)]
async fn a_rule_changes_nothing_about_the_rate_in_all() {
    let (client, log) = fake::recorded(|_, _| async { fake::ok() });
    let mut hosts = HostRules::default();
    let unlimited = HostLimits {
        rate: Some(None),
        ..HostLimits::default()
    };
    hosts.insert(HostPattern::parse("a").expect("it is a pattern"), unlimited);
    let limits = Limits {
        hosts,
        ..in_all(20.0)
    };
    fetch(&client, run(limits), urls("a", 200).collect()).await;
    holds(&log.times(None), 20.0);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_waits_for_its_rate_holds_nobody_up() {
    let (client, log) = fake::recorded(|_, request| async move {
        sleep(if host_of(&request) == "slow" {
            MS
        } else {
            100 * MS
        })
        .await;
        fake::ok()
    });
    let mut hosts = HostRules::default();
    let slower = HostLimits {
        rate: Some(Some(rate(1.0))),
        ..HostLimits::default()
    };
    hosts.insert(HostPattern::parse("slow").expect("it is a pattern"), slower);
    let limits = Limits {
        hosts,
        ..fixed(5, 5)
    };
    let begun = Instant::now();
    let list = urls("slow", 50).chain(urls("fast", 500)).collect();
    let fetched = fetch(&client, run(limits), list).await;
    assert_eq!(fetched.stats.ok, 550);
    let fast = log.times(Some("fast"))[499] - begun;
    assert!(fast < 11 * SECOND, "{fast:?}");
    holds(&log.times(Some("slow")), 1.0);
}

/// Two requests to each of `count` hosts: what came, and how long it took.
async fn one_each(count: usize, limits: Limits) -> (Log, Duration) {
    let begun = Instant::now();
    let (client, log) = fake::recorded(|_, _| async {
        sleep(10 * MS).await;
        fake::ok()
    });
    let list = (0..2 * count).map(|n| plain(format!("http://host-{}/", n % count)));
    let fetched = fetch(&client, run(limits), list.collect()).await;
    assert_eq!(fetched.stats.ok, 2 * count as u64);
    (log, begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn tens_of_thousands_of_hosts_wait_for_their_rates_together() {
    let limits = Limits {
        rate_per_host: Some(rate(0.1)),
        ..fixed(usize::MAX, 10)
    };
    let (log, took) = one_each(30_000, limits).await;
    assert_eq!(log.len(), 60_000);
    // The second request of each is ten seconds after its first.
    assert!(took >= 10 * SECOND && took < 15 * SECOND, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn tens_of_thousands_of_hosts_share_one_rate() {
    let (log, took) = one_each(30_000, in_all(10_000.0)).await;
    holds(&log.times(None), 10_000.0);
    assert!(took < 7 * SECOND, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn all_runs_of_a_client_share_its_rates() {
    for ceilings in [in_all(20.0), per_host(20.0)] {
        let (client, log) = fake::recorded(|_, _| async {
            sleep(50 * MS).await;
            fake::ok()
        });
        let client = Arc::new(client.limited(ceilings));
        let runs: Vec<_> = (0..4)
            .map(|_| {
                let client = Arc::clone(&client);
                tokio::spawn(async move {
                    fetch(&client, run(fixed(10, 10)), urls("a", 50).collect()).await
                })
            })
            .collect();
        for run in runs {
            assert_eq!(run.await.expect("nobody panicked").stats.ok, 50);
        }
        holds(&log.times(None), 20.0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_cannot_use_its_turn_takes_nothing_of_the_clients_rate() {
    let (client, log) = fake::recorded(|_, request| async move {
        let is_slow = host_of(&request) != "b";
        sleep(if is_slow { 100 * SECOND } else { MS }).await;
        fake::ok()
    });
    let client = Arc::new(client.limited(in_all(10.0)));
    let many = (0..1_000).map(|n| plain(format!("http://host-{n}/")));
    let (mut slow, _rung) = crate::fetch::start(&client, run(fixed(1, 1)));
    slow.push(many.collect());
    sleep(SECOND).await;
    let begun = Instant::now();
    fetch(&client, run(fixed(10, 10)), urls("b", 90).collect()).await;
    assert!(begun.elapsed() < 11 * SECOND, "{:?}", begun.elapsed());
    holds(&log.times(Some("b")), 9.9);
}

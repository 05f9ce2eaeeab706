//! Limits of a client, which all its runs share.

use std::sync::Arc;
use std::time::Duration;

use manyfetch_engine::Rate;
use manyfetch_engine::options::{Concurrency, HostLimits, Limits, Retry, RunOptions};
use manyfetch_engine::{Client, Code, Input};
use manyfetch_engine::{HostPattern, HostRules};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::fake::{self, Fake, Gauge, Log, host_of};
use crate::fetch::{Fetched, fetch, fixed, plain, run_options, start, urls, with};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// Every request takes a second; what is in flight is counted.
fn limited(ceilings: Limits) -> (Client<Fake>, Arc<Gauge>, Log) {
    let gauge = Arc::<Gauge>::default();
    let seen = Arc::clone(&gauge);
    let (client, log) = fake::recorded(move |_, request| {
        let inside = seen.enter(&host_of(&request));
        async move {
            sleep(SECOND).await;
            drop(inside);
            fake::ok()
        }
    });
    (client.limited(ceilings), gauge, log)
}

fn run(limits: Limits) -> RunOptions {
    RunOptions {
        limits,
        ..RunOptions::default()
    }
}

fn spawn(
    client: &Client<Fake>,
    limits: Limits,
    list: Vec<Input>,
) -> JoinHandle<(Fetched, Instant)> {
    let client = client.clone();
    tokio::spawn(async move {
        let fetched = fetch(&client, run(limits), list).await;
        (fetched, Instant::now())
    })
}

async fn settled(runs: Vec<JoinHandle<(Fetched, Instant)>>) -> Vec<Instant> {
    let mut ends = Vec::new();
    for run in runs {
        let (fetched, end) = timeout(100_000 * SECOND, run)
            .await
            .expect("every run ends")
            .expect("nobody panicked");
        assert_eq!(fetched.stats.failed, 0, "{:?}", fetched.stats.errors);
        ends.push(end);
    }
    ends
}

#[tokio::test(start_paused = true)]
async fn all_runs_together_stay_below_the_ceilings_and_reach_them() {
    let (client, gauge, _) = limited(fixed(10, 3));
    let begun = Instant::now();
    let runs = (0..5)
        .map(|_| {
            let list = ["a", "b", "c", "d"]
                .into_iter()
                .flat_map(|host| urls(host, 10));
            spawn(&client, fixed(8, 3), list.collect())
        })
        .collect();
    settled(runs).await;
    assert_eq!((gauge.peak("all"), gauge.peak("a")), (10, 3));
    assert!(
        ["a", "b", "c", "d"]
            .iter()
            .all(|host| gauge.peak(host) <= 3)
    );
    // Two hundred seconds of work, ten at a time but for the end.
    assert!(begun.elapsed() < 23 * SECOND, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn runs_for_one_host_take_turns() {
    let (client, _, _) = limited(fixed(4, 4));
    let begun = Instant::now();
    let long = spawn(&client, fixed(4, 4), urls("a", 400).collect());
    sleep(10 * MS).await;
    let short = spawn(&client, fixed(4, 4), urls("a", 20).collect());
    let ends = settled(vec![long, short]).await;
    let (long, short) = (ends[0] - begun, ends[1] - begun);
    assert!(short < 13 * SECOND, "{short:?}");
    assert!(long < 107 * SECOND, "{long:?}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_cancelled_gives_its_places_back_at_once() {
    let (client, _, log) = limited(fixed(2, 2));
    let (mut first, _rung) = start(&client, run(fixed(2, 2)));
    first.push(urls("a", 100).collect());
    sleep(MS).await;
    let (mut second, _bell) = start(&client, run(fixed(2, 2)));
    second.push(urls("b", 1).collect());
    sleep(MS).await;
    assert_eq!(log.len(), 2);
    first.cancel();
    sleep(MS).await;
    assert_eq!(log.times(Some("b")).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_cancelled_while_it_waited_is_offered_nothing() {
    for _ in 0..10 {
        let (client, _, _) = limited(fixed(1, 1));
        let first = spawn(&client, fixed(1, 1), urls("a", 1).collect());
        sleep(MS).await;
        let mut kept = Vec::new();
        for _ in 0..10 {
            let (mut waits, rung) = start(&client, run(fixed(1, 1)));
            waits.push(urls("b", 5).chain(urls("c", 5)).collect());
            kept.push((waits, rung));
        }
        sleep(MS).await;
        for (run, _) in &kept {
            run.cancel();
        }
        let last = spawn(&client, fixed(1, 1), urls("d", 1).collect());
        settled(vec![first, last]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ended_while_it_waited_is_offered_nothing() {
    let (client, _, _) = limited(fixed(1, 1));
    let first = spawn(&client, fixed(1, 1), urls("a", 2).collect());
    sleep(MS).await;
    let input = with("http://b/", |options| {
        options.timeouts.total = Some(SECOND / 2);
    });
    let (mut waits, rung) = start(&client, run(fixed(1, 1)));
    waits.push(vec![input]);
    waits.end();
    let rows = crate::fetch::finish(&waits, &rung).await;
    assert_eq!(rows[0].code, Some(Code::TimedOut));
    settled(vec![first]).await;
    let last = spawn(&client, fixed(1, 1), urls("c", 1).collect());
    settled(vec![last]).await;
}

#[tokio::test(start_paused = true)]
async fn a_run_takes_no_more_places_than_it_can_use() {
    let many = || (0..100).map(|n| plain(format!("http://host-{n}/")));
    let rated = Limits {
        rate: Rate::per_second(1.0),
        ..fixed(100, 100)
    };
    for limits in [fixed(1, 1), rated] {
        let (client, _, _) = limited(fixed(10, 10));
        let begun = Instant::now();
        let small = spawn(&client, limits, many().collect());
        sleep(MS).await;
        let large = spawn(&client, fixed(10, 10), urls("z", 90).collect());
        let ends = settled(vec![large, small]).await;
        assert!(ends[0] - begun < 12 * SECOND, "{:?}", ends[0] - begun);
        assert!(ends[1] - begun < 103 * SECOND, "{:?}", ends[1] - begun);
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_of_another_run_holds_up_that_host_alone() {
    let (client, _, log) = limited(fixed(10, 1));
    let begun = Instant::now();
    let first = spawn(&client, fixed(10, 1), urls("busy", 100).collect());
    sleep(MS).await;
    let list = urls("busy", 1).chain(urls("free", 10)).collect();
    let second = spawn(&client, fixed(2, 1), list);
    settled(vec![first, second]).await;
    assert!(log.times(Some("free"))[9] - begun < 11 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn rules_for_hosts_hold_for_all_runs_together() {
    let mut hosts = HostRules::default();
    let rule = HostLimits {
        concurrency: Some(Concurrency::Fixed(2)),
        rate: None,
    };
    hosts.insert(
        HostPattern::parse("*.small").expect("it is a pattern"),
        rule,
    );
    let ceilings = Limits {
        hosts,
        ..fixed(100, 10)
    };
    let (client, gauge, _) = limited(ceilings);
    let runs = (0..3)
        .map(|_| {
            let list = urls("a.small", 20).chain(urls("large", 20)).collect();
            spawn(&client, fixed(50, 50), list)
        })
        .collect();
    settled(runs).await;
    assert_eq!((gauge.peak("a.small"), gauge.peak("large")), (2, 10));
}

#[tokio::test(start_paused = true)]
async fn tens_of_thousands_of_hosts_under_a_ceiling_take_their_turns() {
    for (ceilings, own) in [(500, 900), (900, 500), (500, 500)] {
        let (client, gauge, _) = limited(fixed(ceilings, 10));
        let list = (0..20_000).map(|n| plain(format!("http://host-{n}/")));
        let begun = Instant::now();
        settled(vec![spawn(&client, fixed(own, 10), list.collect())]).await;
        assert_eq!(gauge.peak("all"), 500);
        assert!(begun.elapsed() < 42 * SECOND, "{:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_rule_with_a_rate_in_a_client_delays_its_host_alone() {
    let ceilings = Limits {
        rate_per_host: Rate::per_second(1.0),
        ..fixed(4, 4)
    };
    let (client, _, log) = limited(ceilings);
    let begun = Instant::now();
    let names = ["a", "b", "c", "d"];
    let list = names.into_iter().flat_map(|host| urls(host, 20)).collect();
    settled(vec![spawn(&client, fixed(4, 4), list)]).await;
    for host in names {
        assert!(log.times(Some(host))[19] - begun < 22 * SECOND);
    }
}

/// Requests that take any time, fail, lead elsewhere, or ask for a rest.
fn odd(seed: u64) -> (Client<Fake>, Arc<Gauge>) {
    let gauge = Arc::<Gauge>::default();
    let counting = Arc::clone(&gauge);
    let random = std::sync::Mutex::new(fastrand::Rng::with_seed(seed));
    let client = fake::client(move |request| {
        let inside = counting.enter(&host_of(&request));
        let mut random = random.lock().expect("nobody panicked");
        let wait = random.u64(0..40) * random.u64(0..40);
        let (kind, host) = (random.u8(0..20), random.u8(0..6));
        drop(random);
        async move {
            sleep(Duration::from_millis(wait)).await;
            drop(inside);
            match kind {
                0 => fake::status(503, &[]),
                1 => fake::busy(429, "3"),
                2 => fake::redirect(&format!("http://host-{host}/")),
                3 => fake::failure(Code::ConnectionReset),
                4 => fake::lost(manyfetch_engine::transport::Repeat::Fresh),
                5 if wait > 900 => fake::busy(503, "100"),
                6 if wait > 900 => fake::failure(Code::ProcessFileLimit),
                _ => fake::ok(),
            }
        }
    });
    (client, gauge)
}

async fn one_mix(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let (client, gauge) = odd(seed);
    let mut ceilings = fixed(random.usize(1..6), random.usize(1..4));
    let most = |setting| match setting {
        Concurrency::Fixed(most) => most,
        Concurrency::Auto => usize::MAX,
    };
    let (in_all, per_host) = (
        most(ceilings.concurrency),
        most(ceilings.concurrency_per_host),
    );
    ceilings.rate = [None, Rate::per_second(20.0)][random.usize(0..2)];
    ceilings.rate_per_host = [None, Rate::per_second(5.0)][random.usize(0..2)];
    let client = client.limited(ceilings);
    let mut runs = Vec::new();
    for _ in 0..random.usize(2..12) {
        let mut own = fixed(random.usize(1..6), random.usize(1..4));
        own.rate = [None, Rate::per_second(10.0)][random.usize(0..2)];
        if random.u8(0..4) == 0 {
            own.concurrency_per_host = Concurrency::Auto;
        }
        let mut options = run_options(own, Retry::default());
        options.deadline = [None, Some(20 * SECOND)][random.usize(0..2)];
        let count = random.usize(1..40);
        let list: Vec<_> = (0..count)
            .map(|_| {
                let total = [None, Some(Duration::from_millis(random.u64(1..9_000)))];
                let total = total[random.usize(0..2)];
                with(format!("http://host-{}/", random.u8(0..6)), |options| {
                    options.timeouts.total = total;
                    options.retry = Arc::default();
                })
            })
            .collect();
        let (mut run, bell) = start(&client, options);
        run.push(list);
        run.end();
        sleep(Duration::from_millis(random.u64(0..1_000))).await;
        if random.u8(0..5) == 0 {
            run.cancel();
        } else {
            runs.push((run, bell, count));
        }
    }
    for (run, _bell, count) in &runs {
        let mut waited = 0;
        while !run.is_finished() {
            sleep(SECOND).await;
            waited += 1;
            assert!(waited < 10_000, "seed {seed}: {:?}", run.stats());
        }
        let stats = run.stats();
        assert_eq!(stats.ok + stats.failed, *count as u64, "seed {seed}");
    }
    // What was cancelled last is let go of when its task runs next.
    sleep(MS).await;
    assert_eq!(gauge.now("all"), 0, "seed {seed}");
    assert!(gauge.peak("all") <= in_all, "seed {seed}");
    for host in 0..6 {
        assert!(
            gauge.peak(&format!("host-{host}")) <= per_host,
            "seed {seed}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_all_settles_and_no_ceiling_is_passed() {
    for seed in 0..300 {
        one_mix(seed).await;
    }
}

//! Who runs when, in virtual time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use manyfetch_engine::options::{Concurrency, HostLimits, Limits, Retry, RunOptions};
use manyfetch_engine::{Client, Code, Phase};
use manyfetch_engine::{HostPattern, HostRules};
use tokio::time::{Instant, sleep};

use crate::fake::{self, Gauge, host_of};
use crate::fetch::{fetch, fixed, plain, run_options, start, urls};

fn limits(concurrency: usize, concurrency_per_host: usize) -> RunOptions {
    RunOptions {
        limits: fixed(concurrency, concurrency_per_host),
        ..RunOptions::default()
    }
}

#[tokio::test(start_paused = true)]
async fn neither_ceiling_is_passed_and_both_are_reached() {
    let gauge = Arc::<Gauge>::default();
    let seen = Arc::clone(&gauge);
    let client = fake::client(move |request| {
        let inside = seen.enter(&host_of(&request));
        async move {
            sleep(Duration::from_millis(10)).await;
            drop(inside);
            fake::ok()
        }
    });
    let list = urls("a", 500).chain(urls("b", 500)).chain(urls("c", 500));
    let fetched = fetch(&client, limits(25, 10), list.collect()).await;
    assert_eq!(fetched.stats.ok, 1_500);
    assert_eq!(gauge.peak("all"), 25);
    assert!(["a", "b", "c"].iter().all(|host| gauge.peak(host) <= 10));
    assert_eq!(gauge.peak("a"), 10);
}

#[tokio::test(start_paused = true)]
async fn a_slow_host_at_its_ceiling_holds_nobody_up() {
    let client = fake::client(|request| async move {
        let is_slow = host_of(&request) == "slow";
        sleep(Duration::from_secs(if is_slow { 1_000 } else { 1 })).await;
        fake::ok()
    });
    let list = urls("slow", 20).chain(urls("fast", 100));
    let fetched = fetch(&client, limits(20, 10), list.collect()).await;
    let fast = &fetched.rows[20..];
    // A hundred seconds of work, ten at a time, and the milliseconds of the timer.
    assert!(fast.iter().all(|row| row.timings[5] < 10_100.0));
}

#[tokio::test(start_paused = true)]
async fn jobs_to_one_host_begin_in_the_order_of_the_list() {
    let order = Arc::<Mutex<Vec<String>>>::default();
    let seen = Arc::clone(&order);
    let client = fake::client(move |request| {
        seen.lock()
            .expect("nobody panicked")
            .push(request.url.path().to_owned());
        async { fake::ok() }
    });
    fetch(&client, limits(1, 1), urls("a", 1_000).collect()).await;
    let expected: Vec<_> = (0..1_000).map(|n| format!("/{n}")).collect();
    assert_eq!(*order.lock().expect("nobody panicked"), expected);
}

#[tokio::test(start_paused = true)]
async fn a_redirect_takes_a_permit_of_the_host_that_it_leads_to() {
    let gauge = Arc::<Gauge>::default();
    let seen = Arc::clone(&gauge);
    let client = fake::client(move |request| {
        let host = host_of(&request);
        let inside = seen.enter(&host);
        async move {
            sleep(Duration::from_millis(10)).await;
            drop(inside);
            if host == "b" {
                fake::ok()
            } else {
                fake::redirect("http://b/")
            }
        }
    });
    let list = urls("a", 50).chain(urls("c", 50));
    let fetched = fetch(&client, limits(10, 3), list.collect()).await;
    assert_eq!(fetched.stats.ok, 100);
    assert_eq!(gauge.peak("b"), 3);
    assert!(gauge.peak("all") <= 10);
}

#[tokio::test(start_paused = true)]
async fn redirects_to_another_host_keep_all_places_busy() {
    let client = fake::client(|request| async move {
        sleep(Duration::from_secs(1)).await;
        if host_of(&request) == "b" {
            fake::ok()
        } else {
            fake::redirect("http://b/")
        }
    });
    let begun = Instant::now();
    let fetched = fetch(&client, limits(20, 10), urls("a", 100).collect()).await;
    assert_eq!(fetched.stats.ok, 100);
    // A hundred seconds at each host, ten at a time, the two together but for the first round.
    assert!(
        begun.elapsed() < Duration::from_secs(12),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn redirects_back_and_forth_end_even_with_one_permit() {
    let client = fake::client(|request| async move {
        let hop: u32 = request.url.path()[1..].parse().expect("it is a number");
        let host = if hop.is_multiple_of(2) { "a" } else { "b" };
        if hop == 6 {
            fake::ok()
        } else {
            fake::redirect(&format!("http://{host}/{}", hop + 1))
        }
    });
    let list = (0..50).map(|_| plain("http://a/0")).collect();
    let fetched = fetch(&client, limits(1, 1), list).await;
    assert_eq!(fetched.stats.ok, 50);
    assert!(fetched.rows.iter().all(|row| row.urls.len() == 7));
}

#[tokio::test(start_paused = true)]
async fn jobs_that_wait_at_a_slow_host_let_others_begin_and_go_on_in_their_order() {
    let order = Arc::<Mutex<Vec<String>>>::default();
    let seen = Arc::clone(&order);
    let client = fake::client(move |request| {
        let is_slow = host_of(&request) == "slow";
        if is_slow {
            seen.lock()
                .expect("nobody panicked")
                .push(request.url.path().to_owned());
        }
        async move {
            sleep(Duration::from_secs(if is_slow { 20 } else { 1 })).await;
            if is_slow {
                fake::ok()
            } else {
                fake::redirect(&format!("http://slow{}", request.url.path()))
            }
        }
    });
    let fetched = fetch(&client, limits(10, 1), urls("fast", 100).collect()).await;
    assert_eq!(fetched.stats.ok, 100);
    let expected: Vec<_> = (0..100).map(|n| format!("/{n}")).collect();
    assert_eq!(*order.lock().expect("nobody panicked"), expected);
    // The last one began after a hundred seconds, and waited for most of the two thousand that the slow host takes.
    assert!(fetched.rows[99].timings[0] > 1_900_000.0);
}

#[tokio::test(start_paused = true)]
async fn a_panic_costs_one_item_and_nothing_else() {
    let client = fake::client(|request| async move {
        assert_ne!(request.url.path(), "/3", "a bug");
        fake::ok()
    });
    let fetched = fetch(&client, limits(2, 2), urls("a", 10).collect()).await;
    assert_eq!(fetched.rows[3].code, Some(Code::Internal));
    assert_eq!(fetched.stats.ok, 9);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_cancelled_drops_what_is_in_flight_and_starts_nothing_more() {
    let gauge = Arc::<Gauge>::default();
    let begun = Arc::<AtomicUsize>::default();
    let (seen, counter) = (Arc::clone(&gauge), Arc::clone(&begun));
    let client = fake::client(move |request| {
        let inside = seen.enter(&host_of(&request));
        counter.fetch_add(1, Ordering::Relaxed);
        async move {
            sleep(Duration::from_secs(60)).await;
            drop(inside);
            fake::ok()
        }
    });
    let (mut run, _rung) = start(&client, limits(10, 10));
    run.push(urls("a", 100).collect());
    sleep(Duration::from_secs(1)).await;
    assert_eq!(gauge.now("all"), 10);
    run.cancel();
    sleep(Duration::from_secs(600)).await;
    assert_eq!(gauge.now("all"), 0);
    assert_eq!(begun.load(Ordering::Relaxed), 10);
}

#[tokio::test(start_paused = true)]
async fn a_list_may_grow_while_it_runs() {
    let client = fake::client(|_| async { fake::ok() });
    let (mut run, rung) = start(&client, RunOptions::default());
    run.push(urls("a", 3).collect());
    sleep(Duration::from_secs(1)).await;
    assert_eq!((run.stats().ok, run.is_finished()), (3, false));
    run.push(urls("b", 3).collect());
    run.end();
    rung.notified().await;
    assert_eq!((run.stats().ok, run.is_finished()), (6, true));
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_hosts_take_one_round_each() {
    let client = fake::client(|_| async {
        sleep(Duration::from_secs(1)).await;
        fake::ok()
    });
    let list = (0..100_000)
        .map(|n| plain(format!("http://host-{n}/")))
        .collect();
    let begun = Instant::now();
    let fetched = fetch(&client, limits(10_000, 1), list).await;
    assert_eq!(fetched.stats.ok, 100_000);
    assert!(begun.elapsed() < Duration::from_secs(11));
}

#[tokio::test(start_paused = true)]
async fn a_rule_for_a_host_takes_the_place_of_what_holds_for_all() {
    let gauge = Arc::<Gauge>::default();
    let client = counted(&gauge, |_| Duration::from_millis(100));
    let mut hosts = HostRules::default();
    for (pattern, concurrency) in [("one", 1), ("*.many", 40), ("port:8080", 2)] {
        let pattern = HostPattern::parse(pattern).expect("it is a pattern");
        let rule = HostLimits {
            concurrency: Some(Concurrency::Fixed(concurrency)),
            rate: None,
        };
        hosts.insert(pattern, rule);
    }
    let options = RunOptions {
        limits: Limits {
            hosts,
            ..fixed(1_000, 5)
        },
        ..RunOptions::default()
    };
    let names = ["one", "a.many", "b.many", "port:8080", "other"];
    let list = names.iter().flat_map(|host| urls(host, 100)).collect();
    let fetched = fetch(&client, options, list).await;
    assert_eq!(fetched.stats.ok, 500);
    let peaks = ["one", "a.many", "b.many", "port", "other"].map(|host| gauge.peak(host));
    assert_eq!(peaks, [1, 40, 40, 2, 5]);
}

#[tokio::test(start_paused = true)]
async fn tens_of_thousands_of_hosts_that_ask_for_a_rest_wait_together() {
    let (client, log) = fake::recorded(|number, _| async move {
        if number < 30_000 {
            fake::busy(429, "10")
        } else {
            fake::ok()
        }
    });
    let list = (0..30_000).map(|n| plain(format!("http://host-{n}/")));
    let begun = Instant::now();
    let fetched = fetch(&client, limits(10_000, 1), list.collect()).await;
    assert_eq!((fetched.stats.ok, log.len()), (30_000, 60_000));
    assert!(begun.elapsed() < Duration::from_secs(11));
}

fn counted(gauge: &Arc<Gauge>, latency: fn(usize) -> Duration) -> Client<fake::Fake> {
    let gauge = Arc::clone(gauge);
    fake::client(move |request| {
        let inside = gauge.enter(&host_of(&request));
        let latency = latency(gauge.now("all"));
        async move {
            sleep(latency).await;
            drop(inside);
            fake::ok()
        }
    })
}

/// The run finds its own number of requests in flight: in all, or to each host.
fn automatic() -> [Limits; 2] {
    let [mut in_all, mut per_host] = [fixed(1_000, 1_000), fixed(1_000, 1_000)];
    in_all.concurrency = Concurrency::Auto;
    per_host.concurrency_per_host = Concurrency::Auto;
    [in_all, per_host]
}

#[tokio::test(start_paused = true)]
async fn an_automatic_number_grows_while_that_makes_it_faster() {
    for limits in automatic() {
        let gauge = Arc::<Gauge>::default();
        let client = counted(&gauge, |_| Duration::from_millis(100));
        let options = RunOptions {
            limits,
            ..RunOptions::default()
        };
        let begun = Instant::now();
        fetch(&client, options, urls("a", 10_000).collect()).await;
        assert!(gauge.peak("a") > 100, "{}", gauge.peak("a"));
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{:?}",
            begun.elapsed()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_automatic_number_stays_small_where_more_would_only_queue() {
    for limits in automatic() {
        let gauge = Arc::<Gauge>::default();
        // Twenty at a time, and the others wait there.
        let client = counted(&gauge, |now| {
            let rounds = u32::try_from(now.div_ceil(20)).expect("it is small");
            rounds * Duration::from_millis(50)
        });
        let options = RunOptions {
            limits,
            ..RunOptions::default()
        };
        fetch(&client, options, urls("a", 10_000).collect()).await;
        assert!((10..=80).contains(&gauge.peak("a")), "{}", gauge.peak("a"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_automatic_number_is_halved_where_a_server_says_that_it_is_busy() {
    let refusals: [fn() -> fake::Answer; 3] = [
        || fake::status(503, &[]),
        || fake::status(429, &[]),
        || fake::timed_out(Phase::Response),
    ];
    for limits in automatic() {
        for refuse in refusals {
            let gauge = Arc::<Gauge>::default();
            let seen = Arc::clone(&gauge);
            let (client, log) = fake::recorded(move |_, request| {
                let inside = seen.enter(&host_of(&request));
                let is_busy = seen.now("all") > 30;
                async move {
                    sleep(Duration::from_millis(50)).await;
                    drop(inside);
                    if is_busy { refuse() } else { fake::ok() }
                }
            });
            let retry = Retry {
                limit: 50,
                budget: None,
                ..Retry::default()
            };
            let options = run_options(limits.clone(), retry);
            let fetched = fetch(&client, options, urls("a", 10_000).collect()).await;
            assert_eq!(fetched.stats.ok, 10_000);
            let refused = log.len() - 10_000;
            assert!((1..1_500).contains(&refused), "{refused}");
            assert!(gauge.peak("a") <= 70, "{}", gauge.peak("a"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_automatic_number_does_not_grow_on_errors_however_fast_they_come() {
    let errors: [fn() -> fake::Answer; 2] = [
        || fake::status(500, &[]),
        || fake::failure(Code::ConnectionRefused),
    ];
    for limits in automatic() {
        for error in errors {
            let gauge = Arc::<Gauge>::default();
            let seen = Arc::clone(&gauge);
            let client = fake::client(move |request| {
                let inside = seen.enter(&host_of(&request));
                async move {
                    sleep(Duration::from_millis(5)).await;
                    drop(inside);
                    error()
                }
            });
            let none = Retry {
                limit: 0,
                ..Retry::default()
            };
            let options = run_options(limits.clone(), none);
            fetch(&client, options, urls("a", 5_000).collect()).await;
            assert!(gauge.peak("a") <= 8, "{}", gauge.peak("a"));
        }
    }
}

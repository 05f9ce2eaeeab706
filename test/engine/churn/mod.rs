//! Twenty thousand items against servers that break at random in all the ways they can. Every item settles, once, and as
//! what its server did to it; what is good is the body of its own URL; nothing is left behind.
//!
//! One seed is run by default, in eight rounds. `CHURN_SECONDS=60` goes on with other seeds for that long, `CHURN_SEED=7`
//! begins with that one: its servers do the same to the same requests, though not always at the same moment.

mod footprint;
mod http1;
mod http2;
mod plan;
mod promises;
mod site;
mod verdict;

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use http::Method;
use manyfetch_engine::options::{ConnectionOptions, RunOptions, Trust};
use manyfetch_engine::{Client, Input};
use tokio::time::timeout;

use crate::fetch::{self, fixed, with};
use plan::Deal;
use site::Site;

const NAME: &str = "churn::every_item_settles_as_what_its_server_did_to_it_and_nothing_is_left";

/// Set where the process is the test's own: what it holds is counted, and other tests would count too.
const ALONE: &str = "CHURN_ALONE";

const ROUNDS: usize = 8;
const ITEMS: usize = 2_500;
const CANCELLED_ITEMS: usize = 300;

/// Of ten items, the first one that goes to each of the servers.
const PLAIN_ITEM: usize = 0;
const TLS_ITEM: usize = 6;
const HTTP2_ITEM: usize = 7;

/// For what takes a few seconds. Who waits longer waits for what will not come.
const PATIENCE: Duration = Duration::from_secs(120);

/// Resident memory that the later rounds may take more than the first ones, in MiB.
const MOST_GROWTH: u64 = 10;

#[test]
fn every_item_settles_as_what_its_server_did_to_it_and_nothing_is_left() {
    if std::env::var_os(ALONE).is_some() {
        return run_alone();
    }
    let test = std::env::current_exe().expect("a test is a program");
    let output = Command::new(test)
        .args([NAME, "--exact", "--nocapture"])
        .env(ALONE, "1")
        .output()
        .expect("it can be started again");
    let told = String::from_utf8_lossy(&output.stdout);
    print!("{told}");
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}{failed}");
    assert!(
        told.contains("1 passed"),
        "the test has another name: {told}"
    );
}

fn run_alone() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let first = number("CHURN_SEED").unwrap_or_else(|| fastrand::u64(0..1 << 32));
    let seconds = Duration::from_secs(number("CHURN_SECONDS").unwrap_or(0));
    let begun = Instant::now();
    let mut seed = first;
    loop {
        println!("seed {seed}");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("there are threads");
        runtime.block_on(churn(seed));
        if begun.elapsed() >= seconds {
            return;
        }
        seed += 1;
    }
}

async fn churn(seed: u64) {
    let site = Site::open(seed).await;
    let mut rng = Rng::with_seed(seed);
    let before = footprint::descriptors();
    let mut peaks = Vec::new();
    let mut dealt = Vec::new();
    for round in 0..ROUNDS {
        let begun = Instant::now();
        let client = client(&site.ca);
        // Half of the time a client goes on after a run that was cancelled, half of the time that was its end.
        if round % 2 == 0 {
            cancel(&client, &site, &mut rng, round).await;
            settle(&client, &site, &mut rng, round).await;
        } else {
            settle(&client, &site, &mut rng, round).await;
            cancel(&client, &site, &mut rng, round).await;
        }
        drop(client);
        let mut open = site.open.subscribe();
        let closed = timeout(PATIENCE, open.wait_for(|open| *open == 0)).await;
        assert!(
            closed.is_ok(),
            "seed {seed}, round {round}: {} connections are left",
            *site.open.borrow()
        );
        let returned = footprint::returns_to(before, PATIENCE).await;
        assert_eq!(returned, Ok(()), "seed {seed}, round {round}");
        note(&mut dealt, &site);
        let memory = footprint::memory();
        println!("round {round}: {:?}, {memory:?} MiB", begun.elapsed());
        peaks.extend(memory);
    }
    let missing = plan::missing(&dealt);
    assert!(
        missing.is_empty(),
        "seed {seed}: the servers never did {missing:?}"
    );
    let (early, late) = peaks.split_at(peaks.len() / 2);
    let (early, late) = (early.iter().max(), late.iter().max());
    assert!(
        late <= early.map(|early| early + MOST_GROWTH).as_ref(),
        "seed {seed}: the memory grows: {peaks:?} MiB"
    );
}

fn client(ca: &str) -> Client {
    let mut options = ConnectionOptions::trusting(Trust::Only(vec![ca.to_owned()]));
    // Idle connections are to be closed because their client is gone, and for nothing else.
    options.keep_alive = Some(Duration::from_secs(600));
    Client::new(&options).expect("the certificate can be read")
}

/// Takes down what was done in a round, and empties the record for the next one.
fn note(dealt: &mut Vec<Deal>, site: &Site) {
    for (_, sights) in site.record().drain() {
        for sight in sights {
            if !dealt.contains(&sight.deal) {
                dealt.push(sight.deal);
            }
        }
    }
}

/// Runs a list to its end and compares every item with what was done to it.
async fn settle(client: &Client, site: &Arc<Site>, rng: &mut Rng, round: usize) {
    let seed = site.seed;
    // A host that pauses holds up all that is left for it: one item for each of them is enough.
    let pausing = [PLAIN_ITEM, TLS_ITEM, HTTP2_ITEM];
    let pausing = round
        .is_multiple_of(3)
        .then(|| pausing[round / 3 % pausing.len()]);
    let inputs = list(site, rng, &format!("{seed}/{round}"), ITEMS, pausing);
    let methods: Vec<_> = inputs.iter().map(method).collect();
    let fetched = timeout(PATIENCE, fetch::fetch(client, options(), inputs)).await;
    let fetched = fetched
        .unwrap_or_else(|_| unreachable!("seed {seed}, round {round}: some items never settle"));
    let mut wrong = verdict::of_record(site);
    for (index, row) in fetched.rows.iter().enumerate() {
        if row.index as usize != index {
            wrong.push(format!("item {} in place of {index}", row.index));
        }
        if let Err(what) = verdict::of_row(row, &methods[index], site) {
            let (code, status, urls) = (row.code, row.status, &row.urls);
            wrong.push(format!(
                "{urls:?} came to {code:?}, status {status}: {what} ({})",
                row.message
            ));
        }
    }
    let stats = &fetched.stats;
    println!(
        "{} ok, {:?}, {} retries, {} connections",
        stats.ok, stats.errors, stats.retries, stats.connections_opened
    );
    if (fetched.rows.len(), stats.ok + stats.failed) != (ITEMS, ITEMS as u64) {
        wrong.push(format!("{} of {ITEMS} items settled", fetched.rows.len()));
    }
    // Servers that break everything would prove nothing.
    if stats.ok < ITEMS as u64 / 5 * 3 {
        wrong.push(format!("only {} are good: {:?}", stats.ok, stats.errors));
    }
    let first: Vec<_> = wrong.iter().take(20).collect();
    assert!(
        wrong.is_empty(),
        "seed {seed}, round {round}: {} are wrong, among them {first:#?}",
        wrong.len()
    );
}

fn method(input: &Input) -> Method {
    let options = input.options.as_ref();
    options.map_or(Method::GET, |options| {
        options
            .as_ref()
            .map_or(Method::GET, |options| options.method.clone())
    })
}

/// Cancels a run in its middle: when its servers have read a number of requests that chance gives.
async fn cancel(client: &Client, site: &Arc<Site>, rng: &mut Rng, round: usize) {
    let inputs = list(
        site,
        rng,
        &format!("{}/{round}-cancelled", site.seed),
        CANCELLED_ITEMS,
        None,
    );
    let mut asked = site.asked.subscribe();
    let enough = *asked.borrow() + rng.usize(0..CANCELLED_ITEMS / 2);
    let (mut run, _rung) = fetch::start(client, options());
    run.push(inputs);
    run.end();
    let reached = timeout(PATIENCE, asked.wait_for(|asked| *asked >= enough)).await;
    assert!(
        reached.is_ok(),
        "seed {}, round {round}: the servers are not asked",
        site.seed
    );
    if rng.bool() {
        run.cancel();
    }
}

fn list(
    site: &Site,
    rng: &mut Rng,
    name: &str,
    items: usize,
    pausing: Option<usize>,
) -> Vec<Input> {
    (0..items)
        .map(|n| {
            let origin = match n % 10 {
                0..TLS_ITEM => &site.origins[0],
                TLS_ITEM..HTTP2_ITEM => &site.origins[1],
                _ => &site.origins[2],
            };
            let is_hurried = rng.u8(0..40) == 0;
            let method = if rng.u8(0..25) == 0 {
                Method::POST
            } else {
                Method::GET
            };
            let special = match () {
                () if is_hurried => plan::HURRIED,
                () if pausing == Some(n) => plan::PAUSING,
                () => "",
            };
            with(format!("{origin}{special}/{name}/{n}"), |options| {
                promises::options(is_hurried, method, options);
            })
        })
        .collect()
}

fn options() -> RunOptions {
    RunOptions {
        limits: fixed(96, 32),
        ..RunOptions::default()
    }
}

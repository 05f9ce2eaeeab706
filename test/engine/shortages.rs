//! What happens where the machine is out of descriptors, ports or buffers, in virtual time.

use std::time::Duration;

use http::Method;
use manyfetch_engine::options::Retry;
use manyfetch_engine::{Client, Code};
use tokio::time::sleep;

use crate::fake::{self, Fake, Log, Supply};
use crate::fetch::{fetch, fetch_one, fixed, run_options, urls, with};

const MS: Duration = Duration::from_millis(1);

fn once() -> Retry {
    Retry {
        limit: 0,
        ..Retry::default()
    }
}

/// A client on a machine that has `supply` descriptors.
fn poor(supply: &Supply, code: Code) -> (Client<Fake>, Log) {
    let supply = supply.clone();
    fake::recorded(move |_, _| {
        let taken = supply.take();
        async move {
            if taken.is_none() {
                return fake::failure(code);
            }
            sleep(100 * MS).await;
            drop(taken);
            fake::ok()
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_run_slows_down_where_the_machine_is_at_a_limit() {
    for code in [Code::ProcessFileLimit, Code::AddressNotAvailable] {
        for supply in [1, 5, 40] {
            let (client, log) = poor(&Supply::of(supply), code);
            let options = run_options(fixed(100, 100), once());
            let fetched = fetch(&client, options, urls("a", 1_000).collect()).await;
            assert_eq!(
                fetched.stats.ok, 1_000,
                "{supply} {:?}",
                fetched.stats.errors
            );
            assert!(fetched.rows.iter().all(|row| row.attempts == 1));
            assert!(log.len() < 1_500, "{supply} {}", log.len());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_runs_share_what_the_machine_has() {
    let (client, _) = poor(&Supply::of(5), Code::ProcessFileLimit);
    let runs = ["a", "b"].map(|host| {
        let client = client.clone();
        let options = run_options(fixed(20, 20), once());
        tokio::spawn(async move { fetch(&client, options, urls(host, 200).collect()).await })
    });
    for run in runs {
        let fetched = run.await.expect("nobody panicked");
        assert_eq!(fetched.stats.ok, 200, "{:?}", fetched.stats.errors);
    }
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_stays_at_its_limit_is_not_asked_forever() {
    let (client, log) = poor(&Supply::of(0), Code::ProcessFileLimit);
    let input = with("http://a/", |options| options.method = Method::POST);
    let row = fetch_one(&client, input).await;
    assert_eq!((row.code, row.attempts), (Some(Code::ProcessFileLimit), 1));
    assert_eq!(log.len(), 11);
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_sent_is_not_sent_again_for_want_of_buffers() {
    for (method, count) in [(Method::POST, 1), (Method::GET, 2)] {
        let (client, log) = fake::recorded(|number, _| async move {
            if number == 0 {
                fake::failure(Code::NoBufferSpace)
            } else {
                fake::ok()
            }
        });
        let input = with("http://a/", |options| options.method = method);
        fetch_one(&client, input).await;
        assert_eq!(log.len(), count);
    }
}

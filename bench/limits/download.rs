//! The loop: as many tasks as may be in flight, each of which takes the next index until there is none.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::task::JoinSet;

use crate::client::{BoxError, Client, Received};
use crate::scenario::Scenario;
use crate::tally::Tally;

/// What requests are made for. It shows in their addresses.
#[derive(Clone, Copy)]
pub(crate) enum Phase {
    /// For connections and caches.
    Warm,
    /// For the record.
    Measured,
}

/// What one task has done.
pub(crate) struct Done {
    pub(crate) tally: Tally,
    bodies: Vec<Vec<u8>>,
}

/// Makes all requests of a phase. The first that fails ends it.
pub(crate) async fn download<C: Client>(
    client: &Arc<C>,
    scenario: &Arc<Scenario>,
    phase: Phase,
) -> Result<Vec<Done>, BoxError> {
    let next = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..scenario.concurrency {
        let (client, scenario, next) = (client.clone(), scenario.clone(), next.clone());
        tasks.spawn(async move { work(&*client, &scenario, phase, &next).await });
    }
    let mut all = Vec::with_capacity(tasks.len());
    while let Some(done) = tasks.join_next().await {
        all.push(done??);
    }
    Ok(all)
}

async fn work<C: Client>(
    client: &C,
    scenario: &Scenario,
    phase: Phase,
    next: &AtomicU64,
) -> Result<Done, BoxError> {
    let mut done = Done {
        tally: Tally::default(),
        bodies: Vec::new(),
    };
    loop {
        let index = next.fetch_add(1, Relaxed);
        if index >= scenario.requests(phase) {
            return Ok(done);
        }
        let mut body = Received::new(scenario.keep);
        let url = scenario.urls.of(index, phase);
        let status = client.get(&url, &mut body).await?;
        done.tally.add(index, status, body.length());
        done.bodies.extend(body.into_kept());
    }
}

//! Brings together what was measured of a run, for the sentences on what held it back.

use super::Stats;
use super::advice::{Hold, Limit, Measured, Protocol, Scope, SetBy};
use super::hosts::authority;
use super::troubles::Counts;
use crate::limits::{OriginWaits, Waits, rule_for};
use crate::options::{Concurrency, Limits};
use crate::rate::Rate;

/// The limits of a run, as it was told them, and as far as the machine allows.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) limits: Limits,
    /// Requests in flight at most.
    pub(crate) room: usize,
}

/// A run that has come to `stats` and waited as `waits` say.
pub(crate) fn measure(
    stats: &Stats,
    told: &Told,
    waits: &Waits,
    troubles: Counts,
    protocol: Option<Protocol>,
) -> Measured {
    let mut holds = Vec::from(holds_of_all(told, waits));
    for origin in &waits.origins {
        holds.extend(holds_at(told, origin));
    }
    let mut retry_causes: Vec<_> = troubles.retried.into_iter().collect();
    retry_causes.sort();
    Measured {
        elapsed: stats.elapsed,
        done: stats.ok + stats.failed,
        hosts: stats.hosts,
        holds,
        paused: sorted(troubles.paused),
        closed: sorted(troubles.closed),
        unreachable: sorted(troubles.unreachable),
        loop_waited: waits.caller,
        list_waited: waits.list,
        client_waited: waits.client,
        opened: stats.connections_opened,
        reused: stats.connections_reused,
        peak: waits.peak,
        protocol,
        requests: stats.connections_reused + stats.connections_opened,
        retries: stats.retries,
        retry_causes,
        errors: stats.errors.clone(),
        ..Measured::default()
    }
}

fn sorted<T: Ord>(counts: impl IntoIterator<Item = (String, T)>) -> Vec<(String, T)> {
    let mut all: Vec<_> = counts.into_iter().collect();
    all.sort();
    all
}

fn holds_of_all(told: &Told, waits: &Waits) -> [Hold; 2] {
    let Limits {
        concurrency, rate, ..
    } = &told.limits;
    let is_cut = matches!(concurrency, Concurrency::Fixed(count) if *count > told.room);
    let value = match concurrency {
        Concurrency::Fixed(count) => Some(count.min(&told.room).to_string()),
        Concurrency::Auto => None,
    };
    [
        Hold {
            limit: Limit::Concurrency,
            scope: Scope::All,
            set_by: if is_cut {
                SetBy::OpenFiles
            } else {
                SetBy::Call
            },
            value,
            waited: waits.concurrency,
        },
        Hold {
            limit: Limit::Rate,
            scope: Scope::All,
            set_by: SetBy::Call,
            value: rate.map(shown),
            waited: waits.rate,
        },
    ]
}

fn holds_at(told: &Told, waits: &OriginWaits) -> Vec<Hold> {
    let Some(host) = authority(&waits.origin) else {
        return Vec::new();
    };
    let scope = Scope::Host(host.to_owned());
    let rule = rule_for(&told.limits, &waits.origin);
    let set_by = |is_ruled: bool| if is_ruled { SetBy::Hosts } else { SetBy::Call };
    let concurrency = rule.concurrency.unwrap_or(told.limits.concurrency_per_host);
    let rate = rule.rate.unwrap_or(told.limits.rate_per_host);
    vec![
        Hold {
            limit: Limit::Concurrency,
            scope: scope.clone(),
            set_by: set_by(rule.concurrency.is_some()),
            value: match concurrency {
                Concurrency::Fixed(count) => Some(count.to_string()),
                Concurrency::Auto => None,
            },
            waited: waits.concurrency,
        },
        Hold {
            limit: Limit::Rate,
            scope,
            set_by: set_by(rule.rate.is_some()),
            value: rate.map(shown),
            waited: waits.rate,
        },
    ]
}

fn shown(rate: Rate) -> String {
    format!("{}/s", rate.get())
}

//! What held a run back besides its limits: the caller, the servers, the connections.

use std::time::Duration;

use super::{Finding, MIN_COUNT, Measured, Protocol, Share, WAITED, subject, top};
use crate::error::Code;

/// The share of the run for which a host asked to be left alone, and the least that can be shown.
const PAUSED: f64 = 0.1;
const MIN_PAUSED: Duration = Duration::from_millis(100);

/// The share of the items that failed in one way, or of the requests that were sent again.
const FAILED: f64 = 0.05;

/// The share of requests that needed a new connection, and the requests a host below which there is hardly one to keep.
const OPENED: f64 = 0.5;
const MIN_PER_HOST: u64 = 3;

/// How many times as many connections as were in use at once must have been opened: the first ones are needed in any case.
const REOPENED: u64 = 2;

/// A new connection costs a part of a request, where waiting costs all of it.
const OPENED_WEIGHT: f64 = 0.5;

/// How long half of the requests waited for the first byte, and which share of what they took that is. Every server takes a while:
/// it is said after all that can be changed.
const SLOW: Duration = Duration::from_secs(1);
const SLOW_SHARE: f64 = 0.8;
const SLOW_WEIGHT: f64 = 0.0;

/// What there is to say of `measured` besides its limits.
pub(super) fn find(measured: &Measured) -> impl Iterator<Item = Finding> {
    let all = [
        loop_waited,
        list_waited,
        client_waited,
        paused,
        closed,
        unreachable,
        errors,
        retries,
        connections,
        slowness,
    ];
    all.into_iter().filter_map(|look| look(measured))
}

fn loop_waited(measured: &Measured) -> Option<Finding> {
    let share = Share::of_time(measured.loop_waited, measured.elapsed).from(WAITED)?;
    let text = format!(
        "the loop over the results was waited for during {share} of the run: what it does with each is slower than the network"
    );
    Some(share.finding(text))
}

fn client_waited(measured: &Measured) -> Option<Finding> {
    let share = Share::of_time(measured.client_waited, measured.elapsed).from(WAITED)?;
    let text = format!(
        "the client's own limits, which all its calls share, were reached for {share} of the run: raise them if the servers allow it"
    );
    Some(share.finding(text))
}

fn list_waited(measured: &Measured) -> Option<Finding> {
    let share = Share::of_time(measured.list_waited, measured.elapsed).from(WAITED)?;
    let text = format!(
        "the list was waited for during {share} of the run: what makes its items is slower than the network"
    );
    Some(share.finding(text))
}

fn paused(measured: &Measured) -> Option<Finding> {
    let hosts = measured.paused.iter().filter(|(_, time)| !time.is_zero());
    let (name, longest) = top(hosts.clone().map(|(name, time)| (name.as_str(), *time)))?;
    let share = Share::of_time(longest, measured.elapsed).from(PAUSED)?;
    if longest < MIN_PAUSED {
        return None;
    }
    let count = hosts.count();
    let (most, whom) = match count {
        1 => (String::new(), "it"),
        _ => (format!(", {name} longest,"), "them"),
    };
    let subject = subject(count, name);
    let seconds = longest.as_secs_f64();
    let text = format!(
        "{subject} asked for pauses{most} of {seconds:.1} s in all: send {whom} fewer requests at once, or at a lower ratePerHost"
    );
    Some(share.finding(text))
}

fn closed(measured: &Measured) -> Option<Finding> {
    let told = "asked for a longer pause than maxRetryAfter";
    given_up(measured, &measured.closed, told)
}

fn unreachable(measured: &Measured) -> Option<Finding> {
    given_up(measured, &measured.unreachable, "could not be reached")
}

/// Of `hosts` with the items that failed for what is `told` of them.
fn given_up(measured: &Measured, hosts: &[(String, u64)], told: &str) -> Option<Finding> {
    let hosts = hosts.iter().filter(|(_, items)| *items > 0);
    let (name, _) = top(hosts.clone().map(|(name, items)| (name.as_str(), *items)))?;
    let items = hosts.clone().map(|(_, items)| items).sum();
    let share = Share::of(items, measured.done).from(FAILED)?;
    let count = hosts.count();
    let most = match count {
        1 => String::new(),
        _ => format!(", {name} with most items"),
    };
    let subject = subject(count, name);
    let text = format!("{subject} {told}{most}: {share} of the items failed so");
    Some(share.finding(text))
}

fn errors(measured: &Measured) -> Option<Finding> {
    // Hosts that were given up are told of by name.
    let codes = measured
        .errors
        .iter()
        .map(|(&code, &items)| (code, items))
        .filter(|(code, _)| *code != Code::HostUnavailable);
    let (code, items) = top(codes)?;
    let share = Share::of(items, measured.done).from(FAILED)?;
    let remedy = match code {
        Code::ProcessFileLimit
        | Code::SystemFileLimit
        | Code::AddressNotAvailable
        | Code::AddressInUse
        | Code::NoBufferSpace
        | Code::NoMemory => ": this machine is at a limit, lower concurrency",
        Code::BufferLimit => ": use downloadEach, saveTo or responseType 'none'",
        _ => "",
    };
    let name = code.name();
    Some(share.finding(format!("{share} of the items failed with {name}{remedy}")))
}

fn retries(measured: &Measured) -> Option<Finding> {
    let retries = measured.retries;
    let share = Share::of(retries, measured.requests).from(FAILED)?;
    if measured.requests < MIN_COUNT {
        return None;
    }
    let causes = measured.retry_causes.iter();
    let cause = match top(causes.map(|(name, count)| (name.as_str(), *count))) {
        Some((name, count)) if count >= retries => format!(", all after {name}"),
        Some((name, count)) if count > retries / 2 => format!(", most after {name}"),
        _ => String::new(),
    };
    Some(share.finding(format!("{share} of requests were retries{cause}")))
}

fn connections(measured: &Measured) -> Option<Finding> {
    let (opened, reused) = (measured.opened, measured.reused);
    let requests = opened.saturating_add(reused);
    let share = Share::of(opened, requests).from(OPENED)?;
    let could_be_kept = requests >= MIN_COUNT
        && requests > measured.hosts.saturating_mul(MIN_PER_HOST)
        && opened > measured.peak.saturating_mul(REOPENED);
    if !could_be_kept {
        return None;
    }
    let over = match measured.protocol {
        None => "",
        Some(Protocol::Http1) => " over HTTP/1.1",
        Some(Protocol::Http2) => " over HTTP/2",
    };
    let kept = Share::of(reused, requests);
    let whose = match measured.hosts {
        1 => "the server closes them",
        _ => "the servers close them",
    };
    let text = format!(
        "{kept} of requests{over} went over a kept connection: {whose}, or they were idle for longer than keepAlive"
    );
    let weight = share.0 * OPENED_WEIGHT;
    Some(Finding { weight, text })
}

fn slowness(measured: &Measured) -> Option<Finding> {
    let (first_byte, total) = (measured.first_byte, measured.total);
    let share = Share::of_time(first_byte, total).from(SLOW_SHARE)?;
    if first_byte < SLOW {
        return None;
    }
    let seconds = first_byte.as_secs_f64();
    let text = format!(
        "the servers are slow: half of the requests waited {seconds:.1} s or longer for the first byte, {share} of the time they took"
    );
    let weight = SLOW_WEIGHT;
    Some(Finding { weight, text })
}

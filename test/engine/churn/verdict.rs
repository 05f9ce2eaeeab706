//! Compares what the client says of an item with what the servers did to it.

use h2::Reason;
use http::Method;
use manyfetch_engine::Code;

use super::plan::{self, Deal, HURRIED, LOOP, Protocol};
use super::promises::{self, Comes, INVISIBLE_REPEATS, MAX_REDIRECTS, MOST_ASKED, RETRIES};
use super::site::{Sight, Site};
use crate::fetch::Row;

/// What is wrong with `row`, if something is.
pub(super) fn of_row(row: &Row, method: &Method, site: &Site) -> Result<(), String> {
    if row.code.is_some() && !row.body.is_empty() {
        return Err(format!("{} bytes of a body that failed", row.body.len()));
    }
    of_attempts(row, method, site)?;
    of_end(row, site)
}

/// What it came to is what was dealt to it last, or what took its last attempt away.
fn of_end(row: &Row, site: &Site) -> Result<(), String> {
    let (Some(first), Some(last)) = (row.urls.first(), row.urls.last()) else {
        return Err("no URL".into());
    };
    let Some((protocol, path)) = place(last, site) else {
        return expect(row.code == Some(Code::ConnectionRefused), "nobody is there");
    };
    // A short limit may pass wherever it holds, on a busy machine.
    let is_hurried = place(first, site).is_some_and(|(_, path)| path.starts_with(HURRIED));
    if is_hurried && row.code == Some(Code::TimedOut) {
        return Ok(());
    }
    let may_be_unread = promises::may_stay_unread(protocol, row.code, row.status);
    let record = site.record();
    let sights = record.get(&(protocol, path.to_owned()));
    let sights = sights.map_or(&[][..], Vec::as_slice);
    // A loop comes by more than once, and the last time it may not get through.
    let visits = row.urls.iter().filter(|url| *url == last).count();
    let Some(sight) = sights.last().filter(|_| sights.len() >= visits) else {
        return expect(may_be_unread, "no server has read it");
    };
    let fate = sight.connection.fate();
    if may_be_unread && promises::may_go_on(sight.deal, protocol, &sight.method, fate) {
        return Ok(());
    }
    let comes = promises::comes(sight.deal, protocol);
    let is_as_dealt = match (&comes, row.code) {
        (Comes::To(status), None) => return of_answer(row, *status, path, sight),
        (Comes::ToOneOf(among), Some(code)) => among.contains(&code),
        (Comes::ToTimeout(phase), Some(code)) => {
            code == Code::TimedOut && row.phase == Some(*phase)
        }
        _ => false,
    };
    let is_collateral = row
        .code
        .is_some_and(|code| promises::may_be_collateral(protocol, code, fate));
    let dealt = format!("dealt {:?} ({fate:?}), which comes {comes:?}", sight.deal);
    expect(is_as_dealt || is_collateral, &dealt)
}

fn of_answer(row: &Row, status: u16, path: &str, sight: &Sight) -> Result<(), String> {
    if row.status != status {
        return Err(format!("status {} in place of {status}", row.status));
    }
    let body = plan::body(path);
    if row.body != body {
        let begins = String::from_utf8_lossy(&row.body[..row.body.len().min(60)]);
        return Err(format!(
            "dealt {:?}: {} bytes in place of {}, beginning {begins:?}",
            sight.deal,
            row.body.len(),
            body.len()
        ));
    }
    Ok(())
}

/// It was not tried more often than allowed, and not given up before.
fn of_attempts(row: &Row, method: &Method, site: &Site) -> Result<(), String> {
    let record = site.record();
    let sights = row
        .urls
        .iter()
        .filter_map(|url| place(url, site))
        .filter_map(|(protocol, path)| record.get(&(protocol, path.to_owned())))
        .flatten();
    // Both ends of a redirect may ask.
    let asked = sights.filter(|sight| asks_to_wait(sight.deal)).count();
    let most = usize::from(1 + RETRIES) + asked;
    let is_left = row.attempts < 1 + RETRIES;
    let is_given_up =
        is_left && *method != Method::POST && promises::is_worth_another_try(row.code, row.status);
    expect(
        (1..=most).contains(&row.attempts.into()) && !is_given_up,
        &format!("tried {} times", row.attempts),
    )
}

fn asks_to_wait(deal: Deal) -> bool {
    matches!(deal, Deal::Status(_, Some(after)) if after > 0)
}

fn expect(is_so: bool, what: &str) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(what.to_owned()) }
}

/// Which server a URL leads to, and its path there.
fn place<'a>(url: &'a str, site: &Site) -> Option<(Protocol, &'a str)> {
    Protocol::ALL
        .into_iter()
        .zip(&site.origins)
        .find_map(|(protocol, origin)| Some((protocol, url.strip_prefix(origin.as_str())?)))
}

/// Requests that the servers saw more often than anybody was to send them.
pub(super) fn of_record(site: &Site) -> Vec<String> {
    let mut wrong = Vec::new();
    for ((protocol, path), sights) in &*site.record() {
        // What was refused without a look may be sent again, whatever it is.
        let is_refused = |deal| match deal {
            // The head may be lost to the reset.
            Deal::ResetStream(reason) | Deal::ResetBody(reason) => reason == Reason::REFUSED_STREAM,
            _ => false,
        };
        let posts = sights
            .iter()
            .filter(|sight| sight.method == Method::POST && !is_refused(sight.deal))
            .count();
        let asked = sights
            .iter()
            .filter(|sight| asks_to_wait(sight.deal))
            .count();
        // Each turn of a loop is another request for the same.
        let turns = if path.ends_with(LOOP) {
            MAX_REDIRECTS
        } else {
            1
        };
        let is_too_long =
            |sight: &Sight| promises::may_be_too_long(sight.deal, *protocol, &sight.method);
        let long_heads = usize::from(sights.iter().any(is_too_long));
        let again = usize::from(RETRIES) + INVISIBLE_REPEATS + long_heads + asked.min(MOST_ASKED);
        if posts > turns || sights.len() > turns + again {
            let dealt: Vec<_> = sights.iter().map(|sight| sight.deal).collect();
            let seen = sights.len();
            wrong.push(format!(
                "{protocol:?} {path}: seen {seen} times, {posts} by POST: {dealt:?}"
            ));
        }
    }
    wrong
}

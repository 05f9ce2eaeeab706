//! What a request carries, hop by hop, and which requests are sent at all.

use std::sync::Arc;

use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use manyfetch_engine::options::{RequestOptions, RunOptions};
use manyfetch_engine::transport::Request;
use manyfetch_engine::{Client, Code, HostPattern, HostRules};

use crate::fake::{self, Fake, failure, ok, redirect, status};
use crate::fetch::{fetch, once, plain, with};

fn rules(rules: &[(&str, &str, &str)]) -> Arc<HostRules<HeaderMap>> {
    let mut all = HostRules::new();
    for (host, name, value) in rules {
        let pattern = HostPattern::parse(host).expect("it is a pattern");
        let mut headers: HeaderMap = all.get_same(&pattern).cloned().unwrap_or_default();
        headers.insert(name_of(name), value_of(value));
        all.insert(pattern, headers);
    }
    Arc::new(all)
}

fn name_of(text: &str) -> HeaderName {
    text.parse().expect("it is a name")
}

fn value_of(text: &str) -> HeaderValue {
    text.parse().expect("it is a value")
}

/// The value of `name` in each request that came.
fn sent(log: &fake::Log, name: &str) -> Vec<String> {
    let value = |request: &Request| {
        let value = request.headers.get(name).map(HeaderValue::as_bytes);
        String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
    };
    log.requests().iter().map(|(_, r)| value(r)).collect()
}

fn of_hosts(host_headers: Vec<Arc<HostRules<HeaderMap>>>) -> RunOptions {
    RunOptions {
        host_headers,
        ..RunOptions::default()
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_for_a_host_goes_there_at_every_hop_and_nowhere_else() {
    let (client, log) = fake::recorded(|number, _| async move {
        match number {
            0 => redirect("http://b.test/"),
            1 => redirect("http://a.test/again"),
            _ => ok(),
        }
    });
    let options = of_hosts(vec![rules(&[
        ("a.test", "authorization", "for a"),
        ("b.test", "x-key", "for b"),
    ])]);
    let fetched = fetch(&client, options, vec![once("http://a.test/")]).await;
    assert_eq!(fetched.codes(), [None]);
    assert_eq!(sent(&log, "authorization"), ["for a", "", "for a"]);
    assert_eq!(sent(&log, "x-key"), ["", "for b", ""]);
}

#[tokio::test(start_paused = true)]
async fn of_several_rules_the_later_and_then_the_more_specific_one_wins_and_the_item_over_all() {
    let cases = [
        ("http://a.test/", "run"),
        ("http://b.test/", "of b"),
        ("http://b.test:81/", "of b:81"),
        ("http://c.test/", "of the client"),
    ];
    for (url, expected) in cases {
        let (client, log) = fake::recorded(|_, _| async { ok() });
        let options = of_hosts(vec![
            rules(&[
                ("*", "x", "of the client"),
                ("a.test", "x", "of the client"),
            ]),
            rules(&[
                ("a.test", "x", "run"),
                ("b.test", "x", "of b"),
                ("b.test:81", "x", "of b:81"),
            ]),
        ]);
        let own = with(url, |options| {
            options.headers.insert("x", value_of("own"));
            options.own_headers = [name_of("x")].into();
        });
        fetch(&client, options, vec![once(url), own]).await;
        assert_eq!(sent(&log, "x"), [expected, "own"], "{url}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_item_was_not_to_show_to_another_host_makes_room_for_that_host_s_own() {
    let (client, log) = fake::recorded(|number, _| async move {
        match number {
            0 => redirect("http://b.test/"),
            _ => ok(),
        }
    });
    let item = with("http://a.test/", |options| {
        options.headers.insert(AUTHORIZATION, value_of("own"));
        options.headers.insert(COOKIE, value_of("own"));
        options.own_headers = [AUTHORIZATION, COOKIE].into();
    });
    let options = of_hosts(vec![rules(&[("b.test", "authorization", "for b")])]);
    fetch(&client, options, vec![item]).await;
    assert_eq!(sent(&log, "authorization"), ["own", "for b"]);
    assert_eq!(sent(&log, "cookie"), ["own", ""]);
}

fn deduped() -> RunOptions {
    RunOptions {
        dedupe: true,
        ..RunOptions::default()
    }
}

#[tokio::test(start_paused = true)]
async fn equal_requests_are_sent_once_and_counted_each() {
    let (client, log) = fake::recorded(|_, _| async { status(404, &[]) });
    let head = |options: &mut RequestOptions| options.method = Method::HEAD;
    let urls = [
        "http://a.test/",
        "http://a.test/#x",
        "http://A.test:80/",
        "http://a.test/y",
    ];
    let mut list: Vec<_> = urls.map(once).into();
    list.extend([with("http://a.test/", head), with("http://a.test/", head)]);
    let fetched = fetch(&client, deduped(), list).await;
    assert_eq!(log.len(), 3);
    let copies: Vec<_> = fetched.rows.iter().map(|row| row.copy_of).collect();
    assert_eq!(copies, [None, Some(0), Some(0), None, None, Some(4)]);
    assert_eq!(fetched.stats.failed, 6);
    assert_eq!(fetched.stats.statuses[&404], 6);
}

#[tokio::test(start_paused = true)]
async fn what_comes_late_is_a_copy_of_what_is_done() {
    let (client, log) = fake::recorded(|_, _| async { failure(Code::NameNotFound) });
    let list = (0..5_000).map(|_| plain("http://a.test/")).collect();
    let fetched = fetch(&client, deduped(), list).await;
    assert_eq!(log.len(), 1);
    assert_eq!(fetched.stats.errors[&Code::NameNotFound], 5_000);
    assert_eq!(
        fetched
            .rows
            .iter()
            .filter(|row| row.copy_of == Some(0))
            .count(),
        4_999
    );
}

#[tokio::test(start_paused = true)]
async fn without_being_asked_nothing_is_joined() {
    let (client, log): (Client<Fake>, _) = fake::recorded(|_, _| async { ok() });
    let list = (0..3).map(|_| plain("http://a.test/")).collect();
    fetch(&client, RunOptions::default(), list).await;
    assert_eq!(log.len(), 3);
}

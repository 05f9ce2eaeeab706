//! Runs, and what is said of them.

use proptest::prelude::*;

use super::*;

const RUN: Duration = Duration::from_secs(10);

/// A run in which nothing stands out.
fn plain() -> Measured {
    Measured {
        elapsed: RUN,
        done: 1_000,
        hosts: 10,
        opened: 100,
        reused: 900,
        peak: 100,
        requests: 1_000,
        first_byte: Duration::from_millis(80),
        total: Duration::from_millis(90),
        ..Measured::default()
    }
}

fn held(limit: Limit, set_by: SetBy, scope: Scope, value: &str, percent: u32) -> Hold {
    Hold {
        limit,
        scope,
        set_by,
        value: (value != "auto").then(|| value.into()),
        waited: RUN * percent / 100,
    }
}

fn host(name: &str) -> Scope {
    Scope::Host(name.into())
}

fn cap(name: &str, value: &str, percent: u32) -> Hold {
    held(Limit::Concurrency, SetBy::Call, host(name), value, percent)
}

fn told_of_holds(holds: Vec<Hold>) -> Vec<String> {
    let measured = Measured { holds, ..plain() };
    advise(&measured)
}

fn check(table: impl IntoIterator<Item = (Measured, &'static str)>) {
    for (measured, expected) in table {
        let told = advise(&measured);
        let expected: Vec<_> = (!expected.is_empty())
            .then_some(expected)
            .into_iter()
            .collect();
        assert_eq!(told, expected, "{measured:?}");
    }
}

fn times(entries: &[(&str, u64)]) -> Vec<(String, Duration)> {
    let entries = entries.iter();
    entries
        .map(|&(name, millis)| (name.into(), Duration::from_millis(millis)))
        .collect()
}

fn counts(entries: &[(&str, u64)]) -> Vec<(String, u64)> {
    let entries = entries.iter();
    entries.map(|&(name, count)| (name.into(), count)).collect()
}

#[test]
fn where_nothing_stands_out_nothing_is_said() {
    check([
        (plain(), ""),
        (Measured::default(), ""),
        (
            Measured {
                elapsed: RUN,
                done: 1_000,
                ..Measured::default()
            },
            "",
        ),
    ]);
}

#[test]
fn a_short_run_and_a_small_one_are_left_alone() {
    let wait = |elapsed: u64, done| {
        let elapsed = Duration::from_millis(elapsed);
        Measured {
            elapsed,
            done,
            loop_waited: elapsed,
            ..plain()
        }
    };
    let told = "the loop over the results was waited for during 100 % of the run: what it does with each is slower than the network";
    check([
        (wait(199, 1_000), ""),
        (wait(200, 19), ""),
        (wait(200, 20), told),
    ]);
}

#[test]
fn each_limit_is_told_with_what_to_change() {
    use Limit::{Concurrency, Rate};
    for (limit, set_by, scope, value, expected) in [
        (
            Concurrency,
            SetBy::Call,
            host("a.example"),
            "10",
            "host a.example was at its cap of 10 for 96 % of the run: raise concurrencyPerHost if the server allows it",
        ),
        (
            Concurrency,
            SetBy::Hosts,
            host("a.example:8080"),
            "1",
            "host a.example:8080 was at its cap of 1 for 96 % of the run: raise its concurrency in hosts if the server allows it",
        ),
        (
            Concurrency,
            SetBy::Call,
            host("a.example"),
            "auto",
            "host a.example was at its 'auto' cap for 96 % of the run",
        ),
        (
            Rate,
            SetBy::Call,
            host("a.example"),
            "5/s",
            "host a.example was held to its rate of 5/s for 96 % of the run: raise ratePerHost if the server allows it",
        ),
        (
            Rate,
            SetBy::Hosts,
            host("a.example"),
            "600/m",
            "host a.example was held to its rate of 600/m for 96 % of the run: raise its rate in hosts if the server allows it",
        ),
        (
            Concurrency,
            SetBy::Call,
            Scope::All,
            "100",
            "the call was at its cap of 100 for 96 % of the run: raise concurrency if the servers and this machine allow it",
        ),
        (
            Concurrency,
            SetBy::Call,
            Scope::All,
            "auto",
            "the call was at its 'auto' cap for 96 % of the run",
        ),
        (
            Concurrency,
            SetBy::OpenFiles,
            Scope::All,
            "83",
            "the call was at its cap of 83 for 96 % of the run: the process may not open more files",
        ),
        (
            Rate,
            SetBy::Call,
            Scope::All,
            "50/s",
            "the call was held to its rate of 50/s for 96 % of the run: raise rate if the servers allow it",
        ),
    ] {
        assert_eq!(
            told_of_holds(vec![held(limit, set_by, scope, value, 96)]),
            [expected]
        );
    }
}

#[test]
fn several_hosts_are_counted_and_the_longest_is_named() {
    let names = ["b.example", "a.example", "c.example"];
    let several = |values: [&str; 3], percents: [u32; 3]| {
        let each = names.iter().zip(values).zip(percents);
        told_of_holds(
            each.map(|((name, value), percent)| cap(name, value, percent))
                .collect(),
        )
    };
    assert_eq!(
        several(["10"; 3], [30, 96, 20]),
        [
            "3 hosts were at their cap of 10, a.example longest, for 96 % of the run: raise concurrencyPerHost if the servers allow it"
        ]
    );
    assert_eq!(
        several(["10", "5", "10"], [50, 50, 10]),
        [
            "2 hosts were at their caps, a.example longest, for 50 % of the run: raise concurrencyPerHost if the servers allow it"
        ]
    );
    assert_eq!(
        several(["auto"; 3], [96, 50, 50]),
        ["3 hosts were at their 'auto' cap, b.example longest, for 96 % of the run"]
    );
    assert_eq!(
        several(["10", "10", "auto"], [19, 60, 40]),
        [
            "host a.example was at its cap of 10 for 60 % of the run: raise concurrencyPerHost if the server allows it",
            "host c.example was at its 'auto' cap for 40 % of the run",
        ]
    );
    let rules = names.map(|name| held(Limit::Concurrency, SetBy::Hosts, host(name), "2", 50));
    assert_eq!(
        told_of_holds(rules.into()),
        [
            "3 hosts were at their cap of 2, a.example longest, for 50 % of the run: raise their concurrency in hosts if the servers allow it"
        ]
    );
    assert_eq!(several(["10"; 3], [19; 3]), [""; 0]);
}

#[test]
fn who_was_waited_for_is_told() {
    let during = |percent: u32| RUN * percent / 100;
    check([
        (
            Measured {
                loop_waited: during(60),
                ..plain()
            },
            "the loop over the results was waited for during 60 % of the run: what it does with each is slower than the network",
        ),
        (
            Measured {
                loop_waited: during(19),
                ..plain()
            },
            "",
        ),
        (
            Measured {
                list_waited: during(40),
                ..plain()
            },
            "the list was waited for during 40 % of the run: what makes its items is slower than the network",
        ),
        (
            Measured {
                list_waited: during(19),
                ..plain()
            },
            "",
        ),
    ]);
}

#[test]
fn pauses_that_hosts_asked_for_are_told() {
    let paused = |elapsed, hosts| Measured {
        elapsed: Duration::from_millis(elapsed),
        paused: times(hosts),
        ..plain()
    };
    check([
        (
            paused(20_000, &[("a.example", 12_400)]),
            "host a.example asked for pauses of 12.4 s in all: send it fewer requests at once, or at a lower ratePerHost",
        ),
        (
            paused(
                20_000,
                &[
                    ("a.example", 400),
                    ("b.example", 12_400),
                    ("c.example", 0),
                    ("d.example", 2),
                ],
            ),
            "3 hosts asked for pauses, b.example longest, of 12.4 s in all: send them fewer requests at once, or at a lower ratePerHost",
        ),
        (
            paused(20_000, &[("a.example", 1_900), ("b.example", 1_900)]),
            "",
        ),
        (paused(300, &[("a.example", 90)]), ""),
    ]);
}

#[test]
fn hosts_that_were_given_up_are_told_once() {
    check([
        (
            Measured {
                unreachable: counts(&[("a.example", 400)]),
                errors: [(Code::HostUnavailable, 400)].into(),
                ..plain()
            },
            "host a.example could not be reached: 40 % of the items failed so",
        ),
        (
            Measured {
                unreachable: counts(&[("a.example", 100), ("b.example", 100), ("c.example", 0)]),
                ..plain()
            },
            "2 hosts could not be reached, a.example with most items: 20 % of the items failed so",
        ),
        (
            Measured {
                closed: counts(&[("a.example", 999)]),
                ..plain()
            },
            "host a.example asked for a longer pause than maxRetryAfter: 99 % of the items failed so",
        ),
        (
            Measured {
                closed: counts(&[("a.example", 49)]),
                ..plain()
            },
            "",
        ),
        (
            Measured {
                closed: counts(&[("a.example", 0)]),
                ..plain()
            },
            "",
        ),
    ]);
}

#[test]
fn the_most_frequent_error_is_told() {
    let failed = |errors: &[(Code, u64)]| Measured {
        errors: errors.iter().copied().collect(),
        ..plain()
    };
    check([
        (
            failed(&[(Code::TimedOut, 250), (Code::NameNotFound, 60)]),
            "25 % of the items failed with ETIMEDOUT",
        ),
        (
            failed(&[(Code::ProcessFileLimit, 1_000)]),
            "100 % of the items failed with EMFILE: this machine is at a limit, lower concurrency",
        ),
        (
            failed(&[(Code::BufferLimit, 300)]),
            "30 % of the items failed with ERR_BUFFER_LIMIT: use downloadEach, saveTo or responseType 'none'",
        ),
        (
            failed(&[(Code::TimedOut, 49), (Code::NameNotFound, 49)]),
            "",
        ),
    ]);
}

#[test]
fn retries_are_told_with_what_caused_most() {
    let retried = |retries, causes| Measured {
        retries,
        retry_causes: counts(causes),
        ..plain()
    };
    check([
        (
            retried(120, &[("503", 40), ("ECONNRESET", 80)]),
            "12 % of requests were retries, most after ECONNRESET",
        ),
        (
            retried(120, &[("503", 120)]),
            "12 % of requests were retries, all after 503",
        ),
        (
            retried(120, &[("503", 60), ("ECONNRESET", 60)]),
            "12 % of requests were retries",
        ),
        (retried(120, &[]), "12 % of requests were retries"),
        (retried(49, &[("503", 49)]), ""),
        (
            Measured {
                requests: 19,
                ..retried(10, &[])
            },
            "",
        ),
    ]);
}

#[test]
fn connections_that_are_not_kept_are_told() {
    let made = |hosts, opened, reused, peak| Measured {
        hosts,
        opened,
        reused,
        peak,
        ..plain()
    };
    check([
        (
            Measured {
                protocol: Some(Protocol::Http1),
                ..made(1, 970, 30, 10)
            },
            "3 % of requests over HTTP/1.1 went over a kept connection: the server closes them, or they were idle for longer than keepAlive",
        ),
        (
            Measured {
                protocol: Some(Protocol::Http2),
                ..made(2, 998, 2, 10)
            },
            "1 % of requests over HTTP/2 went over a kept connection: the servers close them, or they were idle for longer than keepAlive",
        ),
        (
            made(5, 20, 0, 5),
            "0 % of requests went over a kept connection: the servers close them, or they were idle for longer than keepAlive",
        ),
        // More than half went over a kept one.
        (made(1, 499, 501, 10), ""),
        // Too few.
        (made(1, 19, 0, 1), ""),
        // Hardly two for one host.
        (made(334, 1_000, 0, 334), ""),
        // Each was needed when it was opened.
        (made(20, 100, 0, 100), ""),
        (made(20, 200, 0, 100), ""),
    ]);
}

#[test]
fn slow_servers_are_told_of_last() {
    let slow = |first_byte, total| Measured {
        first_byte: Duration::from_millis(first_byte),
        total: Duration::from_millis(total),
        ..plain()
    };
    let told = "the servers are slow: half of the requests waited 1.8 s or longer for the first byte, 90 % of the time they took";
    check([
        (slow(1_800, 2_000), told),
        (slow(999, 1_000), ""),
        (slow(1_000, 2_000), ""),
    ]);
    let both = Measured {
        retries: 50,
        ..slow(1_800, 2_000)
    };
    assert_eq!(advise(&both), ["5 % of requests were retries", told]);
}

#[test]
fn the_four_most_telling_come_first() {
    let measured = Measured {
        holds: vec![cap("a.example", "10", 70)],
        paused: times(&[("b.example", 2_500)]),
        loop_waited: RUN / 5,
        list_waited: RUN / 4,
        opened: 1_000,
        reused: 0,
        peak: 10,
        retries: 900,
        ..plain()
    };
    let told = advise(&measured);
    let starts = [
        "90 % of requests",
        "host a.example",
        "0 % of requests",
        "the list",
    ];
    assert_eq!(told.len(), MOST);
    for (sentence, start) in told.iter().zip(starts) {
        assert!(sentence.starts_with(start), "{told:#?}");
    }
}

#[test]
fn a_share_is_never_shown_as_all_or_nothing_that_is_neither() {
    for (part, whole, expected) in [
        (0, 10, "0 %"),
        (1, 1_000_000, "1 %"),
        (1, 3, "33 %"),
        (2, 3, "67 %"),
        (999_999, 1_000_000, "99 %"),
        (10, 10, "100 %"),
        (12, 10, "100 %"),
        (0, 0, "0 %"),
    ] {
        assert_eq!(
            Share::of(part, whole).to_string(),
            expected,
            "{part} of {whole}"
        );
    }
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..100_u64, any::<u64>()]
}

fn hold() -> impl Strategy<Value = Hold> {
    let limit = prop_oneof![Just(Limit::Concurrency), Just(Limit::Rate)];
    let set_by = prop_oneof![
        Just(SetBy::Call),
        Just(SetBy::Hosts),
        Just(SetBy::OpenFiles)
    ];
    let scope = prop_oneof![Just(Scope::All), "[ab]\\.test".prop_map(Scope::Host)];
    let value = prop::option::of("[1-9]");
    (limit, set_by, scope, value, number()).prop_map(|(limit, set_by, scope, value, waited)| Hold {
        limit,
        scope,
        set_by,
        value,
        waited: Duration::from_millis(waited),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_was_measured_becomes_at_most_four_whole_sentences(
        holds in prop::collection::vec(hold(), 0..8),
        numbers in prop::array::uniform16(number()),
    ) {
        let [elapsed, done, hosts, paused, closed, unreachable, a, b, opened, reused, peak, requests, retries, cause, c, d] = numbers;
        let measured = Measured {
            elapsed: Duration::from_millis(elapsed),
            done,
            hosts,
            holds,
            paused: times(&[("a.test", paused), ("b.test", a)]),
            closed: counts(&[("a.test", closed / 2), ("b.test", closed / 2)]),
            unreachable: counts(&[("a.test", unreachable)]),
            loop_waited: Duration::from_millis(a),
            list_waited: Duration::from_millis(b),
            client_waited: Duration::from_millis(c),
            opened,
            reused,
            peak,
            protocol: None,
            requests,
            retries,
            retry_causes: counts(&[("503", cause)]),
            errors: [(Code::TimedOut, c)].into(),
            first_byte: Duration::from_millis(c),
            total: Duration::from_millis(d),
        };
        let told = advise(&measured);
        prop_assert!(told.len() <= MOST);
        for sentence in told {
            let is_right = !sentence.contains("call were") && !sentence.contains("together, were");
            let is_whole = is_right
                && !sentence.contains("  ") && !sentence.contains(",,") && !sentence.contains("NaN") && sentence.matches(": ").count() <= 1;
            prop_assert!(is_whole, "{sentence}");
        }
    }
}

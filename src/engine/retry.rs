//! What is tried again, and when: decided here, without acting. The waiting is done by the limits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{Method, StatusCode};

use crate::error::{Code, Error, Phase};
use crate::options::Retry;
use crate::transport::Repeat;

/// Waits that a server may ask of one item, and how often the machine may be out of descriptors for it.
const MAX_FREE_TRIES: u8 = 10;

/// How long to wait when the machine is at a limit of its own, at first.
const SHORTAGE_BASE: Duration = Duration::from_millis(100);
const SHORTAGE_MAX: Duration = Duration::from_secs(10);

/// How often one item was tried, and why.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tries {
    /// Tries that were begun. Redirects are part of one, and so is what the user need not know of: repeats and shortages.
    pub(crate) begun: u16,
    /// Tries that counted against the limit.
    counted: u32,
    /// Tries after a wait that the server asked for.
    asked: u8,
    /// Tries after the machine was out of something.
    shortages: u8,
    /// It was repeated because its connection was gone.
    is_repeated: bool,
}

/// What is worth another try, if the options say so.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble<'a> {
    /// A status, and how long the server asked to be left alone: no longer than may be waited.
    Status(StatusCode, Option<Duration>),
    /// A failure, and whether the request may be repeated because it was never worked on.
    Failure(&'a Error, Option<Repeat>),
}

impl Trouble<'_> {
    /// What it is called: the code of an error, or a status.
    pub(crate) fn cause(self) -> String {
        match self {
            Self::Status(status, _) => status.as_str().to_owned(),
            Self::Failure(error, _) => error.code.name().to_owned(),
        }
    }
}

/// Another try.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Again {
    /// How long the job waits on its own account. A host's pause is kept by the limits.
    pub(crate) after: Duration,
    pub(crate) why: Why,
}

/// What another try counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The user's count, and the run's budget.
    Retry,
    /// The server asked for it.
    Asked,
    /// The machine was at a limit.
    Shortage,
    /// The connection was gone before the request was worked on.
    Repeat(Repeat),
    /// What there was of a file does not fit, and is not there any more.
    Anew,
}

impl Again {
    /// Without a wait.
    pub(crate) fn at_once(why: Why) -> Self {
        Self {
            after: Duration::ZERO,
            why,
        }
    }
}

/// The retries of one run, against a part of its requests.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    requests: AtomicU64,
    retries: AtomicU64,
}

/// Retries that every run has, however few its requests are.
const BUDGET_FLOOR: f64 = 10.0;

impl Tries {
    /// There is one more for this reason.
    pub(crate) fn count(&mut self, why: Why) {
        match why {
            Why::Retry => self.counted = self.counted.saturating_add(1),
            Why::Asked => self.asked += 1,
            Why::Shortage => self.shortages += 1,
            // There can be no second time of these.
            Why::Anew | Why::Repeat(Repeat::LongHead) => {}
            Why::Repeat(_) => self.is_repeated = true,
        }
    }
}

impl Why {
    /// It is the same try as far as the user is told.
    pub(crate) fn is_same_try(self) -> bool {
        matches!(self, Self::Shortage | Self::Repeat(_) | Self::Anew)
    }
}

/// Whether there is to be another try after `trouble`.
pub(crate) fn decide(
    policy: &Retry,
    method: &Method,
    trouble: Trouble<'_>,
    tries: &Tries,
) -> Option<Again> {
    let is_repeatable = policy.methods.contains(method);
    if let Trouble::Failure(error, _) = trouble
        && is_shortage(error.code)
        // Without a connection nothing was sent, whatever the method. Buffers may also run out in the middle of a request.
        && (is_repeatable || error.code != Code::NoBufferSpace)
    {
        return (tries.shortages < MAX_FREE_TRIES).then(|| Again {
            after: grown(
                SHORTAGE_BASE,
                2.0,
                Some(SHORTAGE_MAX),
                tries.shortages.into(),
            ),
            why: Why::Shortage,
        });
    }
    if let Trouble::Failure(_, Some(Repeat::LongHead)) = trouble {
        return Some(Again::at_once(Why::Repeat(Repeat::LongHead)));
    }
    if let Trouble::Failure(_, Some(repeat)) = trouble
        && !tries.is_repeated
        && (is_repeatable || repeat == Repeat::Unsent)
    {
        return Some(Again::at_once(Why::Repeat(repeat)));
    }
    if !is_repeatable || policy.limit == 0 || !is_worth_it(policy, trouble) {
        return None;
    }
    if let Trouble::Status(_, Some(_)) = trouble {
        return (tries.asked < MAX_FREE_TRIES).then_some(Again {
            after: Duration::ZERO,
            why: Why::Asked,
        });
    }
    (tries.counted < policy.limit).then(|| Again {
        after: backoff(policy, tries.counted),
        why: Why::Retry,
    })
}

/// The machine is out of descriptors, ports or buffers: not this item's fault, and over when others are done.
pub(crate) fn is_shortage(code: Code) -> bool {
    matches!(
        code,
        Code::ProcessFileLimit
            | Code::SystemFileLimit
            | Code::AddressNotAvailable
            | Code::AddressInUse
            | Code::NoBufferSpace
    )
}

fn is_worth_it(policy: &Retry, trouble: Trouble<'_>) -> bool {
    match trouble {
        Trouble::Status(status, _) => policy.status_codes.contains(&status.as_u16()),
        Trouble::Failure(error, _) => {
            let is_over = matches!(error.phase, Some(Phase::Total | Phase::Deadline));
            !is_over && policy.error_codes.contains(&error.code)
        }
    }
}

fn backoff(policy: &Retry, tried: u32) -> Duration {
    let full = grown(
        policy.backoff.base,
        policy.backoff.factor,
        policy.backoff.max,
        tried,
    );
    if policy.jitter {
        full.mul_f64(fastrand::f64())
    } else {
        full
    }
}

/// `base`, and `factor` times as long each time after.
fn grown(base: Duration, factor: f64, max: Option<Duration>, times: u32) -> Duration {
    if base.is_zero() {
        return base;
    }
    let times = i32::try_from(times).unwrap_or(i32::MAX);
    let seconds = base.as_secs_f64() * factor.powi(times);
    // Beyond all bounds: for as long as may be.
    let grown = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    // No wait of years, which no clock could count.
    grown
        .min(max.unwrap_or(Duration::MAX))
        .min(Duration::from_secs(365 * 24 * 60 * 60))
}

impl Budget {
    /// One more item is sent for the first time.
    pub(crate) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes one retry, if `part` of the requests allows it.
    pub(crate) fn take(&self, part: Option<f64>) -> bool {
        let requests = self.requests.load(Ordering::Relaxed) as f64;
        let allowed = part.map_or(f64::INFINITY, |part| BUDGET_FLOOR + part * requests);
        let taken = self
            .retries
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |retries| {
                (((retries + 1) as f64) <= allowed).then_some(retries + 1)
            });
        taken.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steady() -> Retry {
        Retry {
            jitter: false,
            ..Retry::default()
        }
    }

    fn after(tries: &Tries, trouble: Trouble<'_>) -> Option<Again> {
        decide(&steady(), &Method::GET, trouble, tries)
    }

    fn status(status: u16) -> Trouble<'static> {
        let status = StatusCode::from_u16(status).expect("it is a status");
        Trouble::Status(status, None)
    }

    #[test]
    fn a_long_head_is_asked_for_again_whatever_was_before_and_may_be_again() {
        let error = Error::new(Code::HeadersTooLarge, "");
        let trouble = Trouble::Failure(&error, Some(Repeat::LongHead));
        let policy = Retry {
            limit: 0,
            methods: Vec::new(),
            ..steady()
        };
        let mut tries = Tries::default();
        tries.count(Why::Repeat(Repeat::Pooled));
        let again = decide(&policy, &Method::GET, trouble, &tries);
        assert_eq!(again, Some(Again::at_once(Why::Repeat(Repeat::LongHead))));
    }

    #[test]
    fn waits_grow_and_end_with_the_limit() {
        let mut tries = Tries::default();
        for expected in [500, 1_000] {
            let again = after(&tries, status(503)).expect("there are tries left");
            assert_eq!(again.after, Duration::from_millis(expected));
            tries.count(again.why);
        }
        assert_eq!(after(&tries, status(503)), None);
    }

    #[test]
    fn jitter_takes_any_part_of_the_wait() {
        let waits: Vec<_> = (0..1_000).map(|_| backoff(&Retry::default(), 0)).collect();
        assert!(waits.iter().all(|wait| *wait <= Duration::from_millis(500)));
        assert!(waits.iter().any(|wait| *wait < Duration::from_millis(100)));
        assert!(waits.iter().any(|wait| *wait > Duration::from_millis(400)));
    }

    #[test]
    fn no_wait_outgrows_what_a_clock_can_count() {
        let waits = [
            grown(Duration::MAX, 1e300, None, u32::MAX),
            grown(Duration::from_secs(1), f64::INFINITY, None, 9),
            grown(Duration::ZERO, f64::INFINITY, None, 9),
        ];
        for wait in waits {
            assert!(wait <= Duration::from_secs(365 * 24 * 60 * 60));
        }
    }

    #[test]
    fn what_does_not_pass_is_not_tried_again() {
        let tries = Tries::default();
        for code in [200, 301, 400, 401, 403, 404, 410, 451, 501] {
            assert_eq!(after(&tries, status(code)), None, "{code}");
        }
        for code in [
            Code::NameNotFound,
            Code::Tls,
            Code::InvalidUrl,
            Code::BodyTooLarge,
            Code::Decode,
        ] {
            let error = Error::new(code, "");
            assert_eq!(
                after(&tries, Trouble::Failure(&error, None)),
                None,
                "{code:?}"
            );
        }
        let over = Error::timed_out(Phase::Total, Duration::ZERO);
        assert_eq!(after(&tries, Trouble::Failure(&over, None)), None);
    }

    #[test]
    fn a_method_that_may_not_be_repeated_is_not() {
        let error = Error::new(Code::ConnectionReset, "");
        let trouble = Trouble::Failure(&error, Some(Repeat::Fresh));
        let tries = Tries::default();
        assert_eq!(decide(&steady(), &Method::POST, trouble, &tries), None);
        assert!(decide(&steady(), &Method::PUT, trouble, &tries).is_some());
    }

    #[test]
    fn what_was_never_looked_at_is_repeated_once_whatever_its_method() {
        let error = Error::new(Code::Http2, "");
        let trouble = Trouble::Failure(&error, Some(Repeat::Unsent));
        let mut tries = Tries::default();
        let again = decide(&steady(), &Method::POST, trouble, &tries).expect("it is safe");
        assert_eq!(again.why, Why::Repeat(Repeat::Unsent));
        tries.count(again.why);
        assert_eq!(decide(&steady(), &Method::POST, trouble, &tries), None);
    }

    #[test]
    fn a_lost_connection_is_made_up_for_once_outside_of_the_count() {
        let error = Error::new(Code::ConnectionReset, "");
        let trouble = Trouble::Failure(&error, Some(Repeat::Fresh));
        let none = Retry {
            limit: 0,
            ..Retry::default()
        };
        let mut tries = Tries::default();
        let again = decide(&none, &Method::GET, trouble, &tries).expect("it is free");
        assert_eq!(again.why, Why::Repeat(Repeat::Fresh));
        tries.count(again.why);
        assert_eq!(tries.counted, 0);
        assert_eq!(decide(&none, &Method::GET, trouble, &tries), None);
    }

    #[test]
    fn what_the_server_asks_for_is_free_ten_times() {
        let status = StatusCode::TOO_MANY_REQUESTS;
        let trouble = Trouble::Status(status, Some(Duration::from_secs(1)));
        let mut tries = Tries::default();
        for _ in 0..10 {
            let again = after(&tries, trouble).expect("it is free");
            assert_eq!(again.why, Why::Asked);
            tries.count(again.why);
        }
        assert_eq!(after(&tries, trouble), None);
        assert_eq!(tries.counted, 0);
    }

    #[test]
    fn the_budget_is_ten_and_a_part_of_the_requests() {
        let budget = Budget::default();
        (0..100).for_each(|_| budget.count_request());
        let taken = (0..1_000).filter(|_| budget.take(Some(0.2))).count();
        assert_eq!(taken, 30);
        assert!(budget.take(None));
    }
}

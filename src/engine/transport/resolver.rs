//! Names to addresses: the system's getaddrinfo, on a few threads, remembered for a while and asked once for all who wait.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind, SockType, getaddrinfo};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use crate::error::{Code, Error};

/// Lookups under way in the whole process. Each holds a thread, and none can be called off.
static LOOKUPS: Semaphore = Semaphore::const_new(16);

/// Names remembered before the outdated ones are swept out for the first time.
const SWEEP_AT: usize = 10_000;

type Addresses = Arc<[IpAddr]>;

/// The names that one client asked for.
#[derive(Debug)]
pub(super) struct Resolver {
    ttl: Duration,
    names: Mutex<Names>,
}

#[derive(Debug, Default)]
struct Names {
    lookups: HashMap<String, Lookup>,
    /// How many names are too many. It follows those that are in use, so that sweeping stays cheap by the name.
    sweep_at: usize,
}

/// A lookup that is under way or has been answered. It goes on when those who waited for it give up: the system cannot be
/// told to stop, and whoever asks next is to wait for the same answer.
type Lookup = watch::Receiver<Option<Answer>>;

#[derive(Clone, Debug)]
struct Answer {
    addresses: Result<Addresses, Error>,
    good_until: Instant,
}

impl Resolver {
    pub(super) fn new(ttl: Duration) -> Self {
        Self {
            ttl,
            names: Mutex::default(),
        }
    }

    /// The addresses of `name`, in the order in which the system would try them.
    pub(super) async fn resolve(&self, name: &str) -> Result<Addresses, Error> {
        let mut lookup = self.lookup(name);
        let answered = lookup.wait_for(Option::is_some).await;
        let answer = answered.ok().and_then(|answer| answer.clone());
        answer.map_or_else(|| Err(unfinished()), |answer| answer.addresses)
    }

    /// The lookup that is there, or a new one.
    fn lookup(&self, name: &str) -> Lookup {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let is_good = |lookup: &Lookup| match &*lookup.borrow() {
            Some(answer) => answer.good_until > now,
            // One that panicked will never be answered.
            None => lookup.has_changed().is_ok(),
        };
        if let Some(lookup) = names.lookups.get(name).filter(|lookup| is_good(lookup)) {
            return lookup.clone();
        }
        if names.lookups.len() >= names.sweep_at.max(SWEEP_AT) {
            names.lookups.retain(|_, lookup| is_good(lookup));
            names.sweep_at = 2 * names.lookups.len();
        }
        let lookup = begin(name.to_owned(), self.ttl);
        names.lookups.insert(name.to_owned(), lookup.clone());
        lookup
    }
}

fn begin(name: String, ttl: Duration) -> Lookup {
    let (answer, lookup) = watch::channel(None);
    tokio::spawn(async move {
        let addresses = look_up(name).await;
        // A failure is for those who wait for it now, and is not remembered.
        let ttl = if addresses.is_ok() {
            ttl
        } else {
            Duration::ZERO
        };
        answer.send_replace(Some(Answer {
            addresses,
            good_until: Instant::now() + ttl,
        }));
    });
    lookup
}

async fn look_up(name: String) -> Result<Addresses, Error> {
    let turn = LOOKUPS.acquire().await.map_err(|_| unfinished())?;
    let lookup = tokio::task::spawn_blocking(move || {
        let addresses = ask_system(&name);
        drop(turn);
        addresses
    });
    lookup.await.map_err(|_| unfinished())?
}

fn unfinished() -> Error {
    Error::new(Code::Internal, "the name lookup did not finish")
}

fn ask_system(name: &str) -> Result<Addresses, Error> {
    let hints = AddrInfoHints {
        socktype: SockType::Stream.into(),
        ..AddrInfoHints::default()
    };
    let found =
        getaddrinfo(Some(name), None, Some(hints)).map_err(|error| explain(name, &error))?;
    let addresses: Addresses = found
        .filter_map(Result::ok)
        .map(|info| info.sockaddr.ip())
        .collect();
    if addresses.is_empty() {
        return Err(Error::new(
            Code::NameNotFound,
            format!("the name '{name}' has no address"),
        ));
    }
    Ok(addresses)
}

fn explain(name: &str, error: &LookupError) -> Error {
    match error.kind() {
        LookupErrorKind::NoName | LookupErrorKind::NoData => Error::new(
            Code::NameNotFound,
            format!("the name '{name}' does not exist"),
        ),
        LookupErrorKind::Memory => Error::new(Code::NoMemory, "no memory to look a name up"),
        // The others are the resolver's own troubles, which pass.
        _ => Error::new(
            Code::NameTryAgain,
            format!("the name '{name}' could not be looked up"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_is_remembered_for_its_time() {
        let resolver = Resolver::new(Duration::from_secs(3600));
        let first = resolver
            .resolve("localhost")
            .await
            .expect("every machine has it");
        let second = resolver
            .resolve("localhost")
            .await
            .expect("it is remembered");
        assert!(first.iter().all(IpAddr::is_loopback));
        assert!(Arc::ptr_eq(&first, &second));
    }

    #[tokio::test]
    async fn an_outdated_answer_is_asked_for_again() {
        let resolver = Resolver::new(Duration::ZERO);
        let first = resolver
            .resolve("localhost")
            .await
            .expect("every machine has it");
        let second = resolver
            .resolve("localhost")
            .await
            .expect("every machine has it");
        assert!(!Arc::ptr_eq(&first, &second));
    }

    #[tokio::test]
    async fn those_who_ask_together_are_answered_by_one_lookup() {
        let resolver = Resolver::new(Duration::ZERO);
        let (one, other) =
            tokio::join!(resolver.resolve("localhost"), resolver.resolve("localhost"));
        assert!(Arc::ptr_eq(
            &one.expect("it exists"),
            &other.expect("it exists")
        ));
    }

    #[tokio::test]
    async fn a_lookup_goes_on_when_nobody_waits_for_it_any_more() {
        let resolver = Resolver::new(Duration::from_secs(3600));
        let given_up = resolver.lookup("localhost");
        drop(given_up);
        let mut same = resolver.lookup("localhost");
        let answer = same
            .wait_for(Option::is_some)
            .await
            .expect("it goes on")
            .clone();
        let addresses = answer
            .expect("it was waited for")
            .addresses
            .expect("every machine has it");
        let again = resolver
            .resolve("localhost")
            .await
            .expect("it is remembered");
        assert!(Arc::ptr_eq(&addresses, &again));
    }

    #[tokio::test]
    async fn a_name_that_cannot_exist_is_told_with_its_code() {
        let error = Resolver::new(Duration::ZERO)
            .resolve("a..b")
            .await
            .expect_err("no such name");
        assert!(
            matches!(error.code, Code::NameNotFound | Code::NameTryAgain),
            "{error}"
        );
    }
}

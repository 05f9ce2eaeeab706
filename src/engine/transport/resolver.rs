//! Names to addresses: the system's getaddrinfo, on a few threads, remembered for a while and asked once for all who wait.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind, SockType, getaddrinfo};
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::Instant;

use crate::error::{Code, Error};

/// Lookups under way in the whole process. Each holds a thread, and none can be called off.
static LOOKUPS: Semaphore = Semaphore::const_new(8);

/// Names remembered before the outdated ones are swept out.
const SWEEP_AT: usize = 10_000;

type Addresses = Arc<[IpAddr]>;

/// The names that one client asked for.
#[derive(Debug)]
pub(super) struct Resolver {
    ttl: Duration,
    answers: Mutex<HashMap<String, Arc<OnceCell<Answer>>>>,
}

#[derive(Debug)]
struct Answer {
    addresses: Result<Addresses, Error>,
    good_until: Instant,
}

impl Resolver {
    pub(super) fn new(ttl: Duration) -> Self {
        Self {
            ttl,
            answers: Mutex::default(),
        }
    }

    /// The addresses of `name`, in the order in which the system would try them.
    pub(super) async fn resolve(&self, name: &str) -> Result<Addresses, Error> {
        let cell = self.cell(name);
        cell.get_or_init(|| self.ask(name)).await.addresses.clone()
    }

    /// The answer that is there, or on its way, or a new one to be asked for.
    fn cell(&self, name: &str) -> Arc<OnceCell<Answer>> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let is_good =
            |cell: &OnceCell<Answer>| cell.get().is_none_or(|answer| answer.good_until > now);
        if let Some(cell) = answers.get(name).filter(|cell| is_good(cell)) {
            return Arc::clone(cell);
        }
        if answers.len() >= SWEEP_AT {
            answers.retain(|_, cell| is_good(cell));
        }
        let cell = Arc::<OnceCell<Answer>>::default();
        answers.insert(name.to_owned(), Arc::clone(&cell));
        cell
    }

    async fn ask(&self, name: &str) -> Answer {
        let addresses = look_up(name.to_owned()).await;
        // A failure is for those who wait for it now, and is not remembered.
        let ttl = if addresses.is_ok() {
            self.ttl
        } else {
            Duration::ZERO
        };
        Answer {
            addresses,
            good_until: Instant::now() + ttl,
        }
    }
}

async fn look_up(name: String) -> Result<Addresses, Error> {
    let failed = |_| Error::new(Code::Internal, "the name lookup did not finish");
    let turn = LOOKUPS
        .acquire()
        .await
        .map_err(|closed| failed(closed.to_string()))?;
    let lookup = tokio::task::spawn_blocking(move || {
        let addresses = ask_system(&name);
        drop(turn);
        addresses
    });
    lookup
        .await
        .map_err(|panicked| failed(panicked.to_string()))?
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

//! Names to addresses: the system's getaddrinfo, on a few threads, remembered for a while and asked once for all who wait.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind, SockType, getaddrinfo};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;
use url::Host;

use crate::error::{Code, Error};
use crate::fields::quote;

/// Lookups under way in the whole process. Each holds a thread, and none can be called off.
static LOOKUPS: Semaphore = Semaphore::const_new(16);

/// Names remembered before the outdated ones are swept out for the first time.
const SWEEP_AT: usize = 10_000;

type Addresses = Arc<[IpAddr]>;

/// The names that one client asked for.
#[derive(Debug)]
pub(super) struct Resolver {
    /// `None` is for ever.
    ttl: Option<Duration>,
    names: Mutex<Names>,
    /// Names that are not looked up.
    overrides: HashMap<String, Lookup>,
}

#[derive(Debug, Default)]
struct Names {
    lookups: HashMap<String, Lookup>,
    /// How many names are too many. It follows those that are in use, so that sweeping stays cheap by the name.
    sweep_at: usize,
}

/// A lookup that is under way or has been answered. It goes on when those who waited for it give up: the system cannot be
/// told to stop, and whoever asks next is to wait for the same answer.
pub(super) type Lookup = watch::Receiver<Progress>;

#[derive(Clone, Debug)]
pub(super) enum Progress {
    /// It waits for a thread.
    InLine,
    Asked,
    Answered(Answer),
}

#[derive(Clone, Debug)]
pub(super) struct Answer {
    addresses: Result<Addresses, Error>,
    /// `None` is for ever.
    good_until: Option<Instant>,
}

impl Answer {
    /// An answer that is good for `ttl` from now on.
    fn new(addresses: Result<Addresses, Error>, ttl: Option<Duration>) -> Self {
        let good_until = ttl.and_then(|ttl| Instant::now().checked_add(ttl));
        Self {
            addresses,
            good_until,
        }
    }
}

impl Resolver {
    /// A resolver that believes what it is told for `ttl`, and for the names in `overrides` has these addresses.
    pub(super) fn new(
        ttl: Option<Duration>,
        overrides: &[(String, Vec<IpAddr>)],
    ) -> Result<Self, Error> {
        let overrides = overrides.iter().map(|(name, addresses)| {
            let (told, lookup) = watch::channel(Progress::InLine);
            told.send_replace(Progress::Answered(Answer::new(
                Ok(addresses.as_slice().into()),
                None,
            )));
            Ok((overridable(name)?, lookup))
        });
        Ok(Self {
            ttl,
            names: Mutex::default(),
            overrides: overrides.collect::<Result<_, Error>>()?,
        })
    }

    /// The lookup of `name` that is there, or a new one.
    pub(super) fn lookup(&self, name: &str) -> Lookup {
        if let Some(lookup) = self.overrides.get(without_dot(name)) {
            return lookup.clone();
        }
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let is_good = |lookup: &Lookup| match &*lookup.borrow() {
            Progress::Answered(answer) => answer.good_until.is_none_or(|until| until > now),
            // One that panicked will never be answered.
            Progress::InLine | Progress::Asked => lookup.has_changed().is_ok(),
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

/// Waits until the system is asked: there are few threads for that, and names that nobody answers for may hold them all.
pub(super) async fn wait_in_line(lookup: &mut Lookup) {
    // That it broke off is found out by whoever waits for the answer.
    let _ = lookup
        .wait_for(|progress| !matches!(progress, Progress::InLine))
        .await;
}

/// The addresses that `lookup` found, in the order in which the system would try them.
pub(super) async fn answer(mut lookup: Lookup) -> Result<Addresses, Error> {
    let answered = lookup
        .wait_for(|progress| matches!(progress, Progress::Answered(_)))
        .await;
    match answered.as_deref() {
        Ok(Progress::Answered(answer)) => answer.addresses.clone(),
        _ => Err(unfinished()),
    }
}

/// `name` as URLs have it.
fn overridable(name: &str) -> Result<String, Error> {
    match Host::parse(name) {
        Ok(Host::Domain(name)) if !without_dot(&name).is_empty() && !name.contains('*') => {
            Ok(without_dot(&name).to_owned())
        }
        _ => {
            let detail = format!("dns.overrides: {} is not the name of a host", quote(name));
            Err(Error::new(Code::InvalidArgValue, detail))
        }
    }
}

/// With a dot at its end, it is the same name.
fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

fn begin(name: String, ttl: Option<Duration>) -> Lookup {
    let (progress, lookup) = watch::channel(Progress::InLine);
    tokio::spawn(async move {
        let addresses = look_up(name, &progress).await;
        // A failure is for those who wait for it now, and is not remembered.
        let ttl = if addresses.is_ok() {
            ttl
        } else {
            Some(Duration::ZERO)
        };
        progress.send_replace(Progress::Answered(Answer::new(addresses, ttl)));
    });
    lookup
}

async fn look_up(name: String, progress: &watch::Sender<Progress>) -> Result<Addresses, Error> {
    let turn = LOOKUPS.acquire().await.map_err(|_| unfinished())?;
    progress.send_replace(Progress::Asked);
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

    fn resolver(ttl: Duration) -> Resolver {
        Resolver::new(Some(ttl), &[]).expect("nothing is overridden")
    }

    async fn resolve(resolver: &Resolver, name: &str) -> Result<Addresses, Error> {
        answer(resolver.lookup(name)).await
    }

    #[tokio::test]
    async fn an_answer_is_remembered_for_its_time() {
        let resolver = resolver(Duration::from_secs(3600));
        let first = resolve(&resolver, "localhost")
            .await
            .expect("every machine has it");
        let second = resolve(&resolver, "localhost")
            .await
            .expect("it is remembered");
        assert!(first.iter().all(IpAddr::is_loopback));
        assert!(Arc::ptr_eq(&first, &second));
    }

    #[tokio::test]
    async fn an_outdated_answer_is_asked_for_again() {
        let resolver = resolver(Duration::ZERO);
        let first = resolve(&resolver, "localhost")
            .await
            .expect("every machine has it");
        let second = resolve(&resolver, "localhost")
            .await
            .expect("every machine has it");
        assert!(!Arc::ptr_eq(&first, &second));
    }

    #[tokio::test]
    async fn those_who_ask_together_are_answered_by_one_lookup() {
        let resolver = resolver(Duration::ZERO);
        let (one, other) = tokio::join!(
            resolve(&resolver, "localhost"),
            resolve(&resolver, "localhost")
        );
        assert!(Arc::ptr_eq(
            &one.expect("it exists"),
            &other.expect("it exists")
        ));
    }

    #[tokio::test]
    async fn a_lookup_goes_on_when_nobody_waits_for_it_any_more() {
        let resolver = resolver(Duration::from_secs(3600));
        let given_up = resolver.lookup("localhost");
        drop(given_up);
        let same = resolver.lookup("localhost");
        let addresses = answer(same).await.expect("every machine has it");
        let again = resolve(&resolver, "localhost")
            .await
            .expect("it is remembered");
        assert!(Arc::ptr_eq(&addresses, &again));
    }

    #[tokio::test]
    async fn a_name_that_cannot_exist_is_told_with_its_code() {
        let error = resolve(&resolver(Duration::ZERO), "a..b")
            .await
            .expect_err("no such name");
        assert!(
            matches!(error.code, Code::NameNotFound | Code::NameTryAgain),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_name_that_is_overridden_is_not_looked_up() {
        let address: IpAddr = [192, 0, 2, 1].into();
        let overrides = [("Api.Example.com.".to_owned(), vec![address])];
        let resolver = Resolver::new(None, &overrides).expect("it is a name");
        for name in ["api.example.com", "api.example.com."] {
            let addresses = resolve(&resolver, name).await.expect("it is told");
            assert_eq!(addresses[..], [address]);
        }
    }

    #[test]
    fn only_names_can_be_overridden() {
        for name in [
            "*",
            "*.a.test",
            "",
            ".",
            "127.0.0.1",
            "[::1]",
            "http://a.test",
            "a.test:80",
            "a b",
        ] {
            let error = Resolver::new(None, &[(name.to_owned(), Vec::new())]);
            let error = error.map(|_| ()).map_err(|error| error.code);
            assert_eq!(error, Err(Code::InvalidArgValue), "{name:?}");
        }
    }
}

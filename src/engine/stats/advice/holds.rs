//! Limits at which work waited, and what there is to say of them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use super::{Finding, Measured, Share, WAITED, subject};

/// A limit at which work waited.
#[derive(Debug)]
pub(crate) struct Hold {
    /// What is limited.
    pub(crate) limit: Limit,
    /// Which requests are limited together.
    pub(crate) scope: Scope,
    /// Where the limit comes from.
    pub(crate) set_by: SetBy,
    /// As it is to be shown: `10`, `50/s`. `None` for `'auto'`.
    pub(crate) value: Option<String>,
    /// The time in which something waited for this: not added up over all that did.
    pub(crate) waited: Duration,
}

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Limit {
    /// Requests in flight.
    Concurrency,
    /// Requests started in a second.
    Rate,
}

/// Which requests are limited together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All of them.
    All,
    /// Those to this host.
    Host(String),
}

/// Where a limit comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SetBy {
    /// The call's options, or the defaults.
    Call,
    /// A rule of `hosts`.
    Hosts,
    /// The files that the process may still open.
    OpenFiles,
}

/// Limits that are told of in one sentence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    limit: Limit,
    set_by: SetBy,
    is_of_host: bool,
    is_auto: bool,
}

/// What there is to say of the limits of `measured`: one sentence for each kind that was waited for long enough.
pub(super) fn find(measured: &Measured) -> Vec<Finding> {
    let mut kinds = BTreeMap::<Kind, Vec<&Hold>>::new();
    for hold in &measured.holds {
        let share = Share::of_time(hold.waited, measured.elapsed);
        if share.from(WAITED).is_some() {
            kinds.entry(hold.kind()).or_default().push(hold);
        }
    }
    kinds
        .into_iter()
        .filter_map(|(kind, mut holds)| {
            holds.sort_by_key(|hold| (Reverse(hold.waited), hold.host()));
            let longest = *holds.first()?;
            if !kind.is_of_host {
                // A call has one limit of each kind; who hands over more means the same one.
                holds.truncate(1);
            }
            let share = Share::of_time(longest.waited, measured.elapsed);
            Some(share.finding(kind.sentence(&holds, longest.host(), share)))
        })
        .collect()
}

impl Hold {
    fn kind(&self) -> Kind {
        Kind {
            limit: self.limit,
            set_by: self.set_by,
            is_of_host: matches!(self.scope, Scope::Host(_)),
            is_auto: self.value.is_none(),
        }
    }

    fn host(&self) -> &str {
        match &self.scope {
            Scope::All => "",
            Scope::Host(name) => name,
        }
    }
}

impl Kind {
    fn sentence(self, holds: &[&Hold], name: &str, share: Share) -> String {
        let subject = if self.is_of_host {
            subject(holds.len(), name)
        } else {
            "the call".into()
        };
        let (verb, longest) = match holds.len() {
            1 => ("was", String::new()),
            _ => ("were", format!(", {name} longest,")),
        };
        let state = self.state(holds);
        let remedy = self.remedy(holds.len() > 1);
        format!("{subject} {verb} {state}{longest} for {share} of the run{remedy}")
    }

    fn state(self, holds: &[&Hold]) -> String {
        let value = holds.first().and_then(|hold| hold.value.as_deref());
        let are_equal = holds.iter().all(|hold| hold.value.as_deref() == value);
        let owner = if holds.len() > 1 { "their" } else { "its" };
        let plural = if are_equal { "" } else { "s" };
        let auto = if self.is_auto { "'auto' " } else { "" };
        let limit = match self.limit {
            Limit::Concurrency => format!("at {owner} {auto}cap{plural}"),
            Limit::Rate => format!("held to {owner} {auto}rate{plural}"),
        };
        match value.filter(|_| are_equal) {
            Some(value) => format!("{limit} of {value}"),
            None => limit,
        }
    }

    /// What to change. The size that `'auto'` found is the one to have.
    fn remedy(self, are_several: bool) -> String {
        if self.is_auto {
            return String::new();
        }
        let option = match (self.limit, self.is_of_host && self.set_by != SetBy::Hosts) {
            (Limit::Concurrency, true) => "concurrencyPerHost",
            (Limit::Concurrency, false) => "concurrency",
            (Limit::Rate, true) => "ratePerHost",
            (Limit::Rate, false) => "rate",
        };
        let whose = match (self.set_by, are_several) {
            (SetBy::OpenFiles, _) => return ": the process may not open more files".into(),
            (SetBy::Hosts, false) => "its ",
            (SetBy::Hosts, true) => "their ",
            (SetBy::Call, _) => "",
        };
        let place = if self.set_by == SetBy::Hosts {
            " in hosts"
        } else {
            ""
        };
        let condition = match (self.is_of_host, self.limit) {
            (true, _) if !are_several => "the server allows it",
            (false, Limit::Concurrency) => "the servers and this machine allow it",
            _ => "the servers allow it",
        };
        format!(": raise {whose}{option}{place} if {condition}")
    }
}

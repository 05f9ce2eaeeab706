//! Limits and rules for hosts as JavaScript sends them, and how those of a run stand to those of its client, which are ceilings.

use std::sync::Arc;

use http::HeaderMap;
use manyfetch_engine::options::{Concurrency, HostLimits, Limits};
use manyfetch_engine::{Code, Error, HostPattern, HostRules, Rate};
use serde::Deserialize;

use crate::options::{Limit, RawAuth, limit, set_headers};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RawLimits {
    #[serde(deserialize_with = "limit")]
    concurrency: Limit<RawConcurrency>,
    #[serde(deserialize_with = "limit")]
    concurrency_per_host: Limit<RawConcurrency>,
    #[serde(deserialize_with = "limit")]
    rate: Limit<RawRate>,
    #[serde(deserialize_with = "limit")]
    rate_per_host: Limit<RawRate>,
    hosts: Vec<(String, RawHost)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawHost {
    headers: Vec<(String, String)>,
    auth: Option<RawAuth>,
    #[serde(deserialize_with = "limit")]
    concurrency: Limit<RawConcurrency>,
    #[serde(deserialize_with = "limit")]
    rate: Limit<RawRate>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
enum RawConcurrency {
    Fixed(usize),
    Word(Auto),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Auto {
    Auto,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum RawRate {
    PerSecond(f64),
    Text(String),
}

/// The limits that were given, as the engine has them. Those that were not are `None`.
#[derive(Debug, Default)]
pub(crate) struct Given {
    concurrency: Option<Concurrency>,
    rate: Limit<Rate>,
    per_host: HostLimits,
    hosts: HostRules<HostLimits>,
    /// What else is given for some hosts: headers, and who asks.
    pub(crate) host_headers: Arc<HostRules<HeaderMap>>,
    /// The options that give those of `hosts`, for messages.
    names: Vec<(String, HostPattern)>,
}

impl RawLimits {
    pub(crate) fn finish(self) -> Result<Given, Error> {
        let mut hosts = HostRules::default();
        let mut host_headers = HostRules::default();
        let mut names: Vec<(String, HostPattern)> = Vec::with_capacity(self.hosts.len());
        for (key, host) in self.hosts {
            let name = format!("options.hosts['{key}']");
            let pattern = HostPattern::parse(&key).map_err(|error| error.of("options.hosts"))?;
            if names.iter().any(|(_, other)| *other == pattern) {
                let error = Error::new(Code::InvalidArgValue, "the same host is there already");
                return Err(error.of(&name));
            }
            let limits = HostLimits {
                concurrency: concurrency(host.concurrency),
                rate: rate(host.rate, &format!("{name}.rate"))?,
            };
            if limits.concurrency.is_some() || limits.rate.is_some() {
                hosts.insert(pattern.clone(), limits);
            }
            let mut headers = HeaderMap::new();
            set_headers(&mut headers, &host.headers, host.auth).map_err(|error| error.of(&name))?;
            if !headers.is_empty() {
                host_headers.insert(pattern.clone(), headers);
            }
            names.push((name, pattern));
        }
        Ok(Given {
            concurrency: concurrency(self.concurrency),
            rate: rate(self.rate, "options.rate")?,
            per_host: HostLimits {
                concurrency: concurrency(self.concurrency_per_host),
                rate: rate(self.rate_per_host, "options.ratePerHost")?,
            },
            hosts,
            host_headers: Arc::new(host_headers),
            names,
        })
    }
}

fn concurrency(given: Limit<RawConcurrency>) -> Option<Concurrency> {
    given.map(|limit| match limit {
        None => Concurrency::Fixed(usize::MAX),
        Some(RawConcurrency::Fixed(count)) => Concurrency::Fixed(count),
        Some(RawConcurrency::Word(Auto::Auto)) => Concurrency::Auto,
    })
}

fn rate(given: Limit<RawRate>, name: &str) -> Result<Limit<Rate>, Error> {
    let rate = match given {
        None => return Ok(None),
        Some(None) => return Ok(Some(None)),
        Some(Some(RawRate::Text(text))) => Rate::parse(&text),
        Some(Some(RawRate::PerSecond(value))) => Rate::per_second(value)
            .ok_or_else(|| Error::new(Code::OutOfRange, format!("{value} a second is no rate"))),
    };
    rate.map(|rate| Some(Some(rate)))
        .map_err(|error| error.of(name))
}

impl Given {
    /// As limits that all runs of a client share, if there is any.
    pub(crate) fn ceilings(&self) -> Option<Limits> {
        let gives_none = self.concurrency.is_none()
            && self.rate.is_none()
            && self.per_host.concurrency.is_none()
            && self.per_host.rate.is_none()
            && self.hosts.is_empty();
        (!gives_none).then(|| {
            let mut ceilings = self.over(Limits::none());
            ceilings.hosts = self.hosts.clone();
            ceilings
        })
    }

    /// The limits of a run that gives these, under those of its client. Where only the client gives one, it holds alone: a
    /// default of ours would undo what it allows.
    pub(crate) fn under(&self, client: &Given) -> Result<Limits, Error> {
        self.check(client)?;
        let mut limits = self.over(client.released(Limits::default()));
        limits.hosts = self.hosts.clone();
        if self.per_host.concurrency.is_none() && client.per_host.concurrency.is_none() {
            limits.other_hosts = client.released_hosts();
        }
        Ok(limits)
    }

    /// Rules by which a run has no limit of its own where these have one: the default would undo it.
    fn released_hosts(&self) -> HostRules<HostLimits> {
        let mut rules = HostRules::default();
        for (pattern, limits) in self.hosts.iter() {
            let released = HostLimits {
                concurrency: limits.concurrency.map(|_| NO_LIMIT),
                rate: None,
            };
            rules.insert(pattern.clone(), released);
        }
        rules
    }

    /// These where they are given, and `base` where not. Rules for hosts aside.
    fn over(&self, base: Limits) -> Limits {
        Limits {
            concurrency: self.concurrency.unwrap_or(base.concurrency),
            concurrency_per_host: self
                .per_host
                .concurrency
                .unwrap_or(base.concurrency_per_host),
            rate: self.rate.unwrap_or(base.rate),
            rate_per_host: self.per_host.rate.unwrap_or(base.rate_per_host),
            hosts: base.hosts,
            other_hosts: base.other_hosts,
        }
    }

    /// `base` without those limits that are given here.
    fn released(&self, base: Limits) -> Limits {
        Limits {
            concurrency: self.concurrency.map_or(base.concurrency, |_| NO_LIMIT),
            concurrency_per_host: self
                .per_host
                .concurrency
                .map_or(base.concurrency_per_host, |_| NO_LIMIT),
            rate: self.rate.map_or(base.rate, |_| None),
            rate_per_host: self.per_host.rate.map_or(base.rate_per_host, |_| None),
            hosts: base.hosts,
            other_hosts: base.other_hosts,
        }
    }

    /// What holds for every origin, by the rule for all hosts or without one.
    fn general(&self) -> HostLimits {
        let all = HostPattern::parse("*").ok();
        let all = all.and_then(|all| self.hosts.get_same(&all).copied());
        let all = all.unwrap_or_default();
        HostLimits {
            concurrency: all.concurrency.or(self.per_host.concurrency),
            rate: all.rate.or(self.per_host.rate),
        }
    }

    /// Refuses what is more than `client` allows.
    fn check(&self, client: &Given) -> Result<(), Error> {
        check_concurrency("options.concurrency", self.concurrency, client.concurrency)?;
        check_rate("options.rate", self.rate, client.rate)?;
        let general = client.general();
        let name = "options.concurrencyPerHost";
        check_concurrency(name, self.per_host.concurrency, general.concurrency)?;
        check_rate("options.ratePerHost", self.per_host.rate, general.rate)?;
        for (name, pattern) in &self.names {
            let Some(own) = self.hosts.get_same(pattern) else {
                continue;
            };
            let theirs = client.hosts.get_same(pattern).copied().unwrap_or_default();
            let concurrency = theirs.concurrency.or(general.concurrency);
            check_concurrency(&format!("{name}.concurrency"), own.concurrency, concurrency)?;
            let rate = theirs.rate.or(general.rate);
            check_rate(&format!("{name}.rate"), own.rate, rate)?;
        }
        Ok(())
    }
}

const NO_LIMIT: Concurrency = Concurrency::Fixed(usize::MAX);

fn check_concurrency(
    name: &str,
    asked: Option<Concurrency>,
    ceiling: Option<Concurrency>,
) -> Result<(), Error> {
    match (asked, ceiling) {
        (Some(Concurrency::Fixed(asked)), Some(Concurrency::Fixed(ceiling))) if asked > ceiling => {
            let asked = match asked {
                usize::MAX => "Infinity".to_owned(),
                count => count.to_string(),
            };
            Err(too_much(name, &ceiling.to_string(), &asked))
        }
        _ => Ok(()),
    }
}

fn check_rate(name: &str, asked: Limit<Rate>, ceiling: Limit<Rate>) -> Result<(), Error> {
    /// '20/m' and '5/15s' are one rate, whatever the last digit of the division says.
    const SAME: f64 = 1.0 + 1e-9;
    let (Some(asked), Some(Some(ceiling))) = (asked, ceiling) else {
        return Ok(());
    };
    let asked = asked.map_or(f64::INFINITY, Rate::get);
    if asked <= ceiling.get() * SAME {
        return Ok(());
    }
    let asked = match asked {
        f64::INFINITY => "Infinity".to_owned(),
        rate => format!("{rate} a second"),
    };
    Err(too_much(
        name,
        &format!("{} a second", ceiling.get()),
        &asked,
    ))
}

fn too_much(name: &str, ceiling: &str, asked: &str) -> Error {
    let detail = format!("{name} must be at most the client's {ceiling}. Received {asked}");
    Error::new(Code::OutOfRange, detail)
}

//! Options as JavaScript sends them: JSON in which everything may be missing, and `null` stands for "no limit".
//! `src/js/options.js` has checked types and ranges; defaults are the engine's.

use std::sync::Arc;
use std::time::Duration;

use manyfetch_engine::options::{
    ConnectionOptions, Limits, RequestOptions, RunOptions, Timeouts, Trust,
};
use manyfetch_engine::{Error, fields};
use serde::{Deserialize, Deserializer};
use serde_json::json;

use crate::failed;

/// The defaults of all options that have one, as JSON in the shape of the public options.
pub(crate) fn defaults() -> String {
    let RunOptions {
        limits, request, ..
    } = RunOptions::default();
    let milliseconds = |limit: Option<Duration>| limit.map(|limit| limit.as_secs_f64() * 1_000.0);
    json!({
        "concurrency": limits.concurrency,
        "concurrencyPerHost": limits.concurrency_per_host,
        "method": request.method.as_str(),
        "maxBodySize": request.max_body_size,
        "connect": milliseconds(request.timeouts.connect),
        "response": milliseconds(request.timeouts.response),
        "idle": milliseconds(request.timeouts.idle),
        "request": milliseconds(request.timeouts.request),
        "rejectUnauthorized": ConnectionOptions::trusting(Trust::Only(Vec::new())).reject_unauthorized,
    })
    .to_string()
}

/// `None`: not given. `Some(None)`: no limit.
type Limit<T> = Option<Option<T>>;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RawRequest {
    method: Option<String>,
    headers: Vec<(String, String)>,
    timeout: RawTimeouts,
    #[serde(deserialize_with = "limit")]
    max_body_size: Limit<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawTimeouts {
    #[serde(deserialize_with = "limit")]
    connect: Limit<f64>,
    #[serde(deserialize_with = "limit")]
    response: Limit<f64>,
    #[serde(deserialize_with = "limit")]
    idle: Limit<f64>,
    #[serde(deserialize_with = "limit")]
    request: Limit<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RawRun {
    #[serde(deserialize_with = "limit")]
    concurrency: Limit<usize>,
    #[serde(deserialize_with = "limit")]
    concurrency_per_host: Limit<usize>,
    request: RawRequest,
    tls: Option<RawTls>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct RawTls {
    ca: Option<Vec<String>>,
    reject_unauthorized: Option<bool>,
}

impl RawRun {
    pub(crate) fn parse(json: &str) -> crate::Result<Self> {
        serde_json::from_str(json).map_err(failed)
    }

    /// How the run connects, when it says so itself; `roots` is Node's list.
    pub(crate) fn connection(&self, roots: &Arc<str>) -> Option<ConnectionOptions> {
        let tls = self.tls.as_ref()?;
        let trust = match &tls.ca {
            Some(ca) => Trust::Only(ca.clone()),
            None => Trust::Roots(Arc::clone(roots)),
        };
        let defaults = ConnectionOptions::trusting(trust);
        let reject_unauthorized = tls
            .reject_unauthorized
            .unwrap_or(defaults.reject_unauthorized);
        Some(ConnectionOptions {
            reject_unauthorized,
            ..defaults
        })
    }

    pub(crate) fn finish(self) -> Result<RunOptions, Error> {
        let defaults = RunOptions::default();
        let limits = Limits {
            concurrency: count(self.concurrency, defaults.limits.concurrency),
            concurrency_per_host: count(
                self.concurrency_per_host,
                defaults.limits.concurrency_per_host,
            ),
        };
        let request = Arc::new(self.request.over(&defaults.request)?);
        Ok(RunOptions {
            limits,
            request,
            ..defaults
        })
    }
}

impl RawRequest {
    /// These options where they are given, and those of `base` where not.
    pub(crate) fn over(self, base: &RequestOptions) -> Result<RequestOptions, Error> {
        let mut options = base.clone();
        if let Some(method) = self.method {
            options.method = fields::method(&method)?;
        }
        fields::set(&mut options.headers, &self.headers)?;
        options.timeouts = self.timeout.over(&base.timeouts);
        options.max_body_size = self.max_body_size.unwrap_or(base.max_body_size);
        Ok(options)
    }
}

impl RawTimeouts {
    fn over(&self, base: &Timeouts) -> Timeouts {
        Timeouts {
            connect: duration(self.connect, base.connect),
            response: duration(self.response, base.response),
            idle: duration(self.idle, base.idle),
            request: duration(self.request, base.request),
        }
    }
}

fn count(given: Limit<usize>, default: usize) -> usize {
    given.map_or(default, |limit| limit.unwrap_or(usize::MAX))
}

/// From milliseconds. What is longer than the machine can count is no limit.
fn duration(given: Limit<f64>, default: Option<Duration>) -> Option<Duration> {
    match given {
        None => default,
        Some(milliseconds) => Duration::try_from_secs_f64(milliseconds? / 1_000.0).ok(),
    }
}

/// Keeps "not given" and `null` apart.
fn limit<'de, T: Deserialize<'de>, D: Deserializer<'de>>(json: D) -> Result<Limit<T>, D::Error> {
    Option::deserialize(json).map(Some)
}

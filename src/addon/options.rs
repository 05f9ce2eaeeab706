//! Options as JavaScript sends them: JSON in which everything may be missing, and `null` stands for "no limit".
//! `src/js/options.js` has checked types and ranges; defaults are the engine's.

use std::sync::Arc;
use std::time::Duration;

use manyfetch_engine::Rate;
use manyfetch_engine::options::{
    Backoff, Concurrency, ConnectionOptions, RequestOptions, Retry, RunOptions, Timeouts, Trust,
};
use manyfetch_engine::{Code, Error, fields};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::failed;
use crate::limits::{Given, RawLimits};

/// The defaults of all options that have one, as JSON in the shape of the public options.
pub(crate) fn defaults() -> String {
    let RunOptions {
        limits,
        request,
        deadline,
        stop_on_error,
        ..
    } = RunOptions::default();
    let milliseconds = |limit: Option<Duration>| limit.map(|limit| limit.as_secs_f64() * 1_000.0);
    let concurrency = |limit| match limit {
        Concurrency::Fixed(count) => Value::from(count),
        Concurrency::Auto => Value::from("auto"),
    };
    let Retry {
        backoff, budget, ..
    } = *request.retry;
    let methods: Vec<_> = request
        .retry
        .methods
        .iter()
        .map(ToString::to_string)
        .collect();
    json!({
        "concurrency": concurrency(limits.concurrency),
        "concurrencyPerHost": concurrency(limits.concurrency_per_host),
        "rate": limits.rate.map(Rate::get),
        "ratePerHost": limits.rate_per_host.map(Rate::get),
        "method": request.method.as_str(),
        "maxBodySize": request.max_body_size,
        "minSpeed": request.min_speed,
        "timeout": {
            "connect": milliseconds(request.timeouts.connect),
            "response": milliseconds(request.timeouts.response),
            "idle": milliseconds(request.timeouts.idle),
            "request": milliseconds(request.timeouts.request),
            "total": milliseconds(request.timeouts.total),
        },
        "retry": {
            "limit": request.retry.limit,
            "methods": methods,
            "statusCodes": request.retry.status_codes,
            "errorCodes": request.retry.error_codes.iter().map(|code| code.name()).collect::<Vec<_>>(),
            "backoff": {
                "base": milliseconds(Some(backoff.base)),
                "factor": backoff.factor,
                "max": milliseconds(backoff.max),
            },
            "jitter": request.retry.jitter,
            "maxRetryAfter": milliseconds(request.retry.max_retry_after),
            "budget": budget,
        },
        "tls": {
            "rejectUnauthorized": ConnectionOptions::trusting(Trust::Only(Vec::new())).reject_unauthorized,
        },
        "deadline": milliseconds(deadline),
        "stopOnError": stop_on_error,
    })
    .to_string()
}

/// `None`: not given. `Some(None)`: no limit.
pub(crate) type Limit<T> = Option<Option<T>>;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RawRequest {
    method: Option<String>,
    headers: Vec<(String, String)>,
    timeout: RawTimeouts,
    #[serde(deserialize_with = "limit")]
    max_body_size: Limit<u64>,
    #[serde(deserialize_with = "limit")]
    min_speed: Limit<f64>,
    retry: Option<Box<RawRetry>>,
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
    #[serde(deserialize_with = "limit")]
    total: Limit<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct RawRetry {
    #[serde(deserialize_with = "limit")]
    limit: Limit<u64>,
    methods: Option<Vec<String>>,
    status_codes: Option<Vec<u16>>,
    error_codes: Option<Vec<String>>,
    backoff: RawBackoff,
    jitter: Option<bool>,
    #[serde(deserialize_with = "limit")]
    max_retry_after: Limit<f64>,
    #[serde(deserialize_with = "limit")]
    budget: Limit<f64>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawBackoff {
    base: Option<f64>,
    factor: Option<f64>,
    #[serde(deserialize_with = "limit")]
    max: Limit<f64>,
}

/// The options of a call or of a client.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RawOptions {
    request: RawRequest,
    limits: RawLimits,
    tls: Option<RawTls>,
    #[serde(deserialize_with = "limit")]
    deadline: Limit<f64>,
    stop_on_error: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct RawTls {
    ca: Option<Vec<String>>,
    reject_unauthorized: Option<bool>,
}

/// What a client gives all its runs to start from.
#[derive(Debug, Default)]
pub(crate) struct Base {
    pub(crate) request: Arc<RequestOptions>,
    pub(crate) limits: Given,
}

impl RawOptions {
    pub(crate) fn parse(json: &str) -> crate::Result<Self> {
        serde_json::from_str(json).map_err(failed)
    }

    /// How to connect, when these options say so themselves; `roots` is Node's list.
    pub(crate) fn own_connection(&self, roots: &Arc<str>) -> Option<ConnectionOptions> {
        self.tls.as_ref().map(|_| self.connection(roots))
    }

    /// How to connect. `roots` is Node's list.
    pub(crate) fn connection(&self, roots: &Arc<str>) -> ConnectionOptions {
        let trust = match self.tls.as_ref().and_then(|tls| tls.ca.as_ref()) {
            Some(ca) => Trust::Only(ca.clone()),
            None => Trust::Roots(Arc::clone(roots)),
        };
        let defaults = ConnectionOptions::trusting(trust);
        let reject_unauthorized = self.tls.as_ref().and_then(|tls| tls.reject_unauthorized);
        ConnectionOptions {
            reject_unauthorized: reject_unauthorized.unwrap_or(defaults.reject_unauthorized),
            ..defaults
        }
    }

    /// The options of a client.
    pub(crate) fn into_base(self) -> Result<Base, Error> {
        let request = self.request.of_call(&RequestOptions::default())?;
        Ok(Base {
            request,
            limits: self.limits.finish()?,
        })
    }

    /// The options of a run that starts from `base`.
    pub(crate) fn into_run(self, base: &Base) -> Result<RunOptions, Error> {
        let defaults = RunOptions::default();
        Ok(RunOptions {
            limits: self.limits.finish()?.under(&base.limits)?,
            request: self.request.of_call(&base.request)?,
            deadline: duration(self.deadline, defaults.deadline),
            stop_on_error: self.stop_on_error.unwrap_or(defaults.stop_on_error),
            ..defaults
        })
    }
}

impl RawRequest {
    fn of_call(self, base: &RequestOptions) -> Result<Arc<RequestOptions>, Error> {
        let options = self.over(base).map_err(|error| named("options", error))?;
        Ok(Arc::new(options))
    }

    /// These options where they are given, and those of `base` where not.
    pub(crate) fn over(self, base: &RequestOptions) -> Result<RequestOptions, Error> {
        let mut options = base.clone();
        if let Some(method) = self.method {
            options.method = fields::method(&method)?;
        }
        fields::set(&mut options.headers, &self.headers)?;
        options.timeouts = self.timeout.over(&base.timeouts);
        options.max_body_size = self.max_body_size.unwrap_or(base.max_body_size);
        options.min_speed = self.min_speed.unwrap_or(base.min_speed);
        if let Some(retry) = self.retry {
            options.retry = Arc::new(retry.over(&base.retry)?);
        }
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
            total: duration(self.total, base.total),
        }
    }
}

impl RawRetry {
    fn over(self, base: &Retry) -> Result<Retry, Error> {
        let methods = self.methods.map(|names| {
            let methods = names.iter().map(|name| fields::method(name));
            methods.collect::<Result<_, _>>()
        });
        let codes = self
            .error_codes
            .map(|names| names.iter().map(|name| code(name)).collect());
        Ok(Retry {
            limit: self.limit.map_or(base.limit, tries),
            methods: methods
                .transpose()
                .map_err(|error| named("retry.methods", error))?
                .unwrap_or_else(|| base.methods.clone()),
            status_codes: self
                .status_codes
                .unwrap_or_else(|| base.status_codes.clone()),
            error_codes: codes
                .transpose()?
                .unwrap_or_else(|| base.error_codes.clone()),
            backoff: self.backoff.over(base.backoff),
            jitter: self.jitter.unwrap_or(base.jitter),
            max_retry_after: duration(self.max_retry_after, base.max_retry_after),
            budget: self.budget.unwrap_or(base.budget),
        })
    }
}

impl RawBackoff {
    fn over(self, base: Backoff) -> Backoff {
        Backoff {
            base: self.base.map_or(base.base, |milliseconds| {
                from_milliseconds(milliseconds).unwrap_or(Duration::MAX)
            }),
            factor: self.factor.unwrap_or(base.factor),
            max: duration(self.max, base.max),
        }
    }
}

/// `error` with the option that it is about.
pub(crate) fn named(option: &str, error: Error) -> Error {
    Error {
        detail: format!("{option}: {}", error.detail),
        ..error
    }
}

/// As many as can be counted are as good as no limit.
fn tries(limit: Option<u64>) -> u32 {
    limit
        .and_then(|tries| u32::try_from(tries).ok())
        .unwrap_or(u32::MAX)
}

fn code(name: &str) -> Result<Code, Error> {
    let known = Code::ALL.iter().find(|code| code.name() == name);
    known.copied().ok_or_else(|| {
        Error::new(
            Code::InvalidArgValue,
            format!("retry.errorCodes: '{name}' is not a code"),
        )
    })
}

fn duration(given: Limit<f64>, default: Option<Duration>) -> Option<Duration> {
    given.map_or(default, |milliseconds| from_milliseconds(milliseconds?))
}

/// What is longer than the machine can count is no limit.
fn from_milliseconds(milliseconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(milliseconds / 1_000.0).ok()
}

/// Keeps "not given" and `null` apart.
pub(crate) fn limit<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    json: D,
) -> Result<Limit<T>, D::Error> {
    Option::deserialize(json).map(Some)
}

//! Options as JavaScript sends them: JSON in which everything may be missing, and `null` stands for "no limit".
//! `src/js/options.js` has checked types and ranges; defaults are the engine's.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use manyfetch_engine::options::{
    Backoff, Delivery, RedirectMode, RequestOptions, ResponseType, Retry, RunOptions, Timeouts,
};
use manyfetch_engine::{Auth, Checksum, Code, Error, fields};
use serde::{Deserialize, Deserializer};

use crate::bodies::{Bodies, RawBody};
use crate::connection::RawConnection;
use crate::failed;
use crate::limits::{Given, RawLimits};
use crate::saving::{RawSave, check_saving};

/// `None`: not given. `Some(None)`: no limit.
pub(crate) type Limit<T> = Option<Option<T>>;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RawRequest {
    method: Option<String>,
    headers: Vec<(String, String)>,
    auth: Option<RawAuth>,
    body: Option<RawBody>,
    timeout: RawTimeouts,
    #[serde(deserialize_with = "limit")]
    max_body_size: Limit<u64>,
    #[serde(deserialize_with = "limit")]
    min_speed: Limit<f64>,
    retry: Option<Box<RawRetry>>,
    redirect: Option<RawRedirect>,
    #[serde(deserialize_with = "limit")]
    max_redirects: Limit<u64>,
    response_type: Option<RawResponseType>,
    decompress: Option<bool>,
    checksum: Option<String>,
}

/// Who asks.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum RawAuth {
    Basic { username: String, password: String },
    Bearer { bearer: String },
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum RawRedirect {
    Follow,
    Manual,
    Error,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum RawResponseType {
    Buffer,
    None,
    Head,
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
    /// How to connect, when they say so themselves.
    pub(crate) connection: Option<RawConnection>,
    #[serde(deserialize_with = "limit")]
    deadline: Limit<f64>,
    stop_on_error: Option<bool>,
    dedupe: Option<bool>,
    is_streamed: bool,
    #[serde(deserialize_with = "limit")]
    max_buffered_bytes: Limit<u64>,
    /// Bytes of memory that the process may have.
    memory_limit: Option<u64>,
    save_to: Option<RawSave>,
    journal: Option<PathBuf>,
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

    /// The options of a client.
    pub(crate) fn into_base(self) -> Result<Base, Error> {
        let no_body = Bodies::default();
        Ok(Base {
            request: self.request.of_call(&RequestOptions::default(), &no_body)?,
            limits: self.limits.finish()?,
        })
    }

    /// The options of a run that starts from `base`. Its body is the one of `bodies`.
    pub(crate) fn into_run(self, base: &Base, bodies: &Bodies) -> Result<RunOptions, Error> {
        let defaults = RunOptions::default();
        let limits = self.limits.finish()?;
        let delivery = if self.is_streamed {
            Delivery::Streamed
        } else {
            Delivery::Collected
        };
        let max_buffered_bytes = self.max_buffered_bytes;
        let max_buffered_bytes = max_buffered_bytes.unwrap_or(delivery.max_buffered_bytes());
        let half = self.memory_limit.map(|bytes| bytes / 2);
        let save = self.save_to.map(RawSave::finish);
        let request = self.request.of_call(&base.request, bodies)?;
        check_saving(save.as_ref(), self.journal.is_some(), &request)?;
        let host_headers = [&base.limits, &limits].map(|given| Arc::clone(&given.host_headers));
        Ok(RunOptions {
            limits: limits.under(&base.limits)?,
            request,
            host_headers: host_headers
                .into_iter()
                .filter(|rules| !rules.is_empty())
                .collect(),
            dedupe: self.dedupe.unwrap_or(defaults.dedupe),
            deadline: duration(self.deadline, defaults.deadline),
            stop_on_error: self.stop_on_error.unwrap_or(defaults.stop_on_error),
            delivery,
            save,
            journal: self.journal,
            max_buffered_bytes: max_buffered_bytes.into_iter().chain(half).min(),
        })
    }
}

impl RawRequest {
    fn of_call(self, base: &RequestOptions, bodies: &Bodies) -> Result<Arc<RequestOptions>, Error> {
        let options = self
            .over(base, bodies)
            .map_err(|error| error.of("options"))?;
        Ok(Arc::new(RequestOptions {
            own_headers: HashSet::new(),
            ..options
        }))
    }

    /// These options where they are given, and those of `base` where not. The body is one of `bodies`.
    pub(crate) fn over(
        self,
        base: &RequestOptions,
        bodies: &Bodies,
    ) -> Result<RequestOptions, Error> {
        let mut options = base.clone();
        if let Some(method) = &self.method {
            options.method = fields::method(method)?;
        }
        if let Some(body) = self.body {
            set_body(&mut options, &body, bodies)?;
        }
        if options.body.is_some() && !fields::may_have_body(&options.method) {
            let detail = format!("a request with the method {} has no body", options.method);
            return Err(Error::new(Code::InvalidArgValue, detail));
        }
        let names = set_headers(&mut options.headers, &self.headers, self.auth)?;
        options.own_headers.extend(names);
        options.timeouts = self.timeout.over(&base.timeouts);
        if let Some(size) = self.max_body_size {
            options.max_body_size = size;
            options.max_dropped_size = size;
        }
        options.min_speed = self.min_speed.unwrap_or(base.min_speed);
        if let Some(retry) = self.retry {
            options.retry = Arc::new(retry.over(&base.retry)?);
        }
        options.redirect = self.redirect.map_or(base.redirect, Into::into);
        options.max_redirects = self.max_redirects.map_or(base.max_redirects, redirects);
        options.response_type = self.response_type.map_or(base.response_type, Into::into);
        options.decompress = self.decompress.unwrap_or(base.decompress);
        if let Some(checksum) = &self.checksum {
            options.checksum = Some(Checksum::parse(checksum)?);
        }
        if options.checksum.is_some() && options.response_type == ResponseType::Head {
            let detail = "checksum: with responseType 'head' there is no body to check";
            return Err(Error::new(Code::InvalidArgValue, detail));
        }
        fields::ask_for_codings(&mut options.headers, options.decompress);
        Ok(options)
    }
}

/// Sets the body, and what it says of itself.
fn set_body(options: &mut RequestOptions, body: &RawBody, bodies: &Bodies) -> Result<(), Error> {
    options.body = Some(bodies.get(body));
    let said = body.content_type.as_deref();
    let said = said.map(|text| fields::content_type(text, body.is_plain));
    options.content_type = said.transpose()?;
    let said = options.content_type.as_ref();
    if said.is_some_and(|said| !said.is_default) {
        // Of a type that was given for another body nothing is left.
        options.headers.remove(CONTENT_TYPE);
        options.own_headers.insert(CONTENT_TYPE);
    }
    Ok(())
}

/// Sets `fields` and, over them, who asks. Returns the names of all that are set.
pub(crate) fn set_headers(
    headers: &mut HeaderMap,
    fields: &[(String, String)],
    auth: Option<RawAuth>,
) -> Result<Vec<http::HeaderName>, Error> {
    let mut names = fields::set(headers, fields)?;
    if let Some(auth) = auth {
        let field = Auth::from(auth).field().map_err(|error| error.of("auth"))?;
        headers.insert(AUTHORIZATION, field);
        names.push(AUTHORIZATION);
    }
    Ok(names)
}

impl From<RawAuth> for Auth {
    fn from(auth: RawAuth) -> Self {
        match auth {
            RawAuth::Basic { username, password } => Self::Basic { username, password },
            RawAuth::Bearer { bearer } => Self::Bearer(bearer),
        }
    }
}

impl From<RawRedirect> for RedirectMode {
    fn from(mode: RawRedirect) -> Self {
        match mode {
            RawRedirect::Follow => Self::Follow,
            RawRedirect::Manual => Self::Manual,
            RawRedirect::Error => Self::Error,
        }
    }
}

impl From<RawResponseType> for ResponseType {
    fn from(kind: RawResponseType) -> Self {
        match kind {
            RawResponseType::Buffer => Self::Buffer,
            RawResponseType::None => Self::None,
            RawResponseType::Head => Self::Head,
        }
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
                .map_err(|error| error.of("retry.methods"))?
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

/// As many as can be counted are as good as no limit.
fn tries(limit: Option<u64>) -> u32 {
    limit
        .and_then(|tries| u32::try_from(tries).ok())
        .unwrap_or(u32::MAX)
}

fn redirects(limit: Option<u64>) -> usize {
    limit
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or(usize::MAX)
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

pub(crate) fn duration(given: Limit<f64>, default: Option<Duration>) -> Option<Duration> {
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

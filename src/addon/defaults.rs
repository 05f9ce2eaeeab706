//! The engine's defaults in the shape of the public options: what the documentation is held to.

use std::path::PathBuf;
use std::time::Duration;

use manyfetch_engine::Rate;
use manyfetch_engine::options::{
    Concurrency, ConnectionOptions, Http2, IfExists, Naming, RedirectMode, RequestOptions,
    ResponseType, Retry, RunOptions, SaveOptions, TlsVersion, Trust,
};
use serde_json::{Map, Value, json};

/// The defaults of all options that have one, as JSON.
pub(crate) fn to_json() -> String {
    let run = RunOptions::default();
    let mut all = Map::new();
    all.extend(of_limits(&run));
    all.extend(of_request(&run.request));
    all.extend(of_connection());
    all.insert("deadline".into(), milliseconds(run.deadline));
    all.insert("stopOnError".into(), run.stop_on_error.into());
    all.insert("dedupe".into(), run.dedupe.into());
    all.insert("maxBufferedBytes".into(), run.max_buffered_bytes.into());
    all.insert("saveTo".into(), of_saving());
    Value::from(all).to_string()
}

fn of_limits(RunOptions { limits, .. }: &RunOptions) -> Map<String, Value> {
    let concurrency = |limit| match limit {
        Concurrency::Fixed(count) => Value::from(count),
        Concurrency::Auto => Value::from("auto"),
    };
    object(json!({
        "concurrency": concurrency(limits.concurrency),
        "concurrencyPerHost": concurrency(limits.concurrency_per_host),
        "rate": limits.rate.map(Rate::get),
        "ratePerHost": limits.rate_per_host.map(Rate::get),
    }))
}

fn of_request(request: &RequestOptions) -> Map<String, Value> {
    let timeouts = request.timeouts;
    object(json!({
        "method": request.method.as_str(),
        "maxBodySize": request.max_body_size,
        "minSpeed": request.min_speed,
        "timeout": {
            "connect": milliseconds(timeouts.connect),
            "response": milliseconds(timeouts.response),
            "idle": milliseconds(timeouts.idle),
            "request": milliseconds(timeouts.request),
            "total": milliseconds(timeouts.total),
        },
        "retry": of_retry(&request.retry),
        "redirect": match request.redirect {
            RedirectMode::Follow => "follow",
            RedirectMode::Manual => "manual",
            RedirectMode::Error => "error",
        },
        "maxRedirects": request.max_redirects,
        "responseType": match request.response_type {
            ResponseType::Buffer => "buffer",
            ResponseType::None => "none",
            ResponseType::Head => "head",
        },
        "decompress": request.decompress,
    }))
}

fn of_saving() -> Value {
    let save = SaveOptions::to(PathBuf::new());
    json!({
        "name": match save.naming {
            Naming::Url => "url",
            Naming::ContentDisposition => "content-disposition",
        },
        "ifExists": match save.if_exists {
            IfExists::Error => "error",
            IfExists::Skip => "skip",
            IfExists::Replace => "replace",
            IfExists::Resume => "resume",
            IfExists::Update => "update",
        },
        "durable": save.durable,
    })
}

fn of_retry(retry: &Retry) -> Value {
    let methods: Vec<_> = retry.methods.iter().map(ToString::to_string).collect();
    let codes: Vec<_> = retry.error_codes.iter().map(|code| code.name()).collect();
    json!({
        "limit": retry.limit,
        "methods": methods,
        "statusCodes": retry.status_codes,
        "errorCodes": codes,
        "backoff": {
            "base": milliseconds(Some(retry.backoff.base)),
            "factor": retry.backoff.factor,
            "max": milliseconds(retry.backoff.max),
        },
        "jitter": retry.jitter,
        "maxRetryAfter": milliseconds(retry.max_retry_after),
        "budget": retry.budget,
    })
}

fn of_connection() -> Map<String, Value> {
    let connection = ConnectionOptions::trusting(Trust::Only(Vec::new()));
    object(json!({
        "http2": match connection.http2 {
            Http2::Negotiated => Value::from(true),
            Http2::Never => Value::from(false),
            Http2::PriorKnowledge => Value::from("prior-knowledge"),
        },
        "tls": {
            "rejectUnauthorized": connection.reject_unauthorized,
            "minVersion": match connection.min_tls {
                TlsVersion::Tls12 => "1.2",
                TlsVersion::Tls13 => "1.3",
            },
        },
        "dns": { "ttl": milliseconds(connection.dns_ttl) },
        "keepAlive": milliseconds(connection.keep_alive),
        "cookies": connection.cookies,
        "denyPrivateNetworks": connection.deny_private_networks,
    }))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn milliseconds(limit: Option<Duration>) -> Value {
    limit.map_or(Value::Null, |limit| (limit.as_secs_f64() * 1_000.0).into())
}

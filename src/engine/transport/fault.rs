//! From what the libraries below report to one code of ours: by type, along the chain of causes, never by text.

use std::error::Error as StdError;
use std::io;
use std::net::IpAddr;

use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::Connected;
use rustls::CertificateError;

use super::Repeat;
use crate::error::{Code, Error, Phase};
use crate::retry::is_shortage;

/// How far the request had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Connect,
    /// The same, where the first to be connected to is a proxy.
    ConnectThroughProxy,
    Response,
    Body,
}

/// The code and the sentence for `error`.
pub(super) fn classify(error: &(dyn StdError + 'static), stage: Stage) -> Error {
    let mut next = Some(error);
    let mut fallback = None;
    while let Some(cause) = next {
        if let Some(known) = recognise(cause, stage) {
            return known;
        }
        let is_left_waiting = cause.downcast_ref::<hyper::Error>().is_some_and(|error| {
            error.is_canceled() || error.is_closed() || is_left_waiting(error)
        });
        if is_left_waiting || has_lost_its_share(cause) {
            fallback = Some(closed(stage));
        } else if cause.is::<hyper::Error>() {
            // Of what a server may do, hyper has no question for one: to speak before it is asked.
            let detail = format!("the server broke the protocol: {cause}");
            fallback = fallback.or(Some(Error::new(Code::HttpParse, detail)));
        }
        next = cause.source();
    }
    fallback.unwrap_or_else(|| match stage {
        // The errors of tunnels have types that cannot be named.
        Stage::ConnectThroughProxy => proxy_failed(&innermost(error)),
        _ => Error::new(
            Code::Internal,
            format!("an error of no known kind: {error}"),
        ),
    })
}

/// `error` with the addresses that a name has: the transport tells how the last one failed.
pub(super) fn at_addresses(error: Error, addresses: &[IpAddr]) -> Error {
    const SHOWN: usize = 4;
    if addresses.len() < 2 || error.code == Code::AddressDenied {
        return error;
    }
    let shown: Vec<_> = addresses
        .iter()
        .take(SHOWN)
        .map(IpAddr::to_string)
        .collect();
    let more = if addresses.len() > SHOWN { ", …" } else { "" };
    let detail = format!("{} (of {}{more})", error.detail, shown.join(", "));
    Error { detail, ..error }
}

fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

fn proxy_failed(why: &str) -> Error {
    Error::new(Code::Proxy, format!("the proxy failed: {why}"))
}

/// How the request may be sent again that failed with `error` before there was a response: by what the server says of it, or
/// because it went over a connection that was there before and was gone by then.
pub(super) fn repeat(
    error: &(dyn StdError + 'static),
    has_own_connection: bool,
    is_http2: bool,
) -> Option<Repeat> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(error) = cause.downcast_ref::<h2::Error>() {
            return repeat_http2(error, has_own_connection);
        }
        if has_lost_its_share(cause) {
            return Some(Repeat::Unsent);
        }
        if let Some(error) = cause.downcast_ref::<hyper::Error>() {
            if is_unsent(error) {
                return Some(Repeat::Unsent);
            }
            if is_left_waiting(error) && !has_own_connection {
                return Some(Repeat::Pooled);
            }
            if error.is_incomplete_message() && !has_own_connection {
                return Some(Repeat::Fresh);
            }
            if error.is_timeout() && !has_own_connection {
                return Some(Repeat::Pooled);
            }
        }
        if cause.downcast_ref::<io::Error>().is_some_and(is_gone) && !has_own_connection {
            let over = if is_http2 {
                Repeat::Pooled
            } else {
                Repeat::Fresh
            };
            return Some(over);
        }
        next = cause.source();
    }
    None
}

/// The same, for one that got no connection.
pub(super) fn repeat_unconnected(error: &(dyn StdError + 'static)) -> Option<Repeat> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if has_lost_its_share(cause) {
            return Some(Repeat::Unsent);
        }
        next = cause.source();
    }
    None
}

/// The connection that `error` happened on.
pub(super) fn connection_of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Connected> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(error) = cause.downcast_ref::<legacy::Error>() {
            return error.connect_info();
        }
        next = cause.source();
    }
    None
}

fn repeat_http2(error: &h2::Error, has_own_connection: bool) -> Option<Repeat> {
    let is_refused = error.is_remote() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
    let is_turned_away = error.is_remote() && error.is_go_away();
    let is_lost = !has_own_connection && error.get_io().is_some_and(is_gone);
    if error.is_remote() && error.reason() == Some(h2::Reason::HTTP_1_1_REQUIRED) {
        return Some(Repeat::Fresh);
    }
    if is_refused {
        return Some(Repeat::Unsent);
    }
    // h2 does not tell those that a GOAWAY turns away from those that it breaks off.
    (is_turned_away || is_lost).then_some(Repeat::Pooled)
}

/// The connection ended before the request went over it.
fn is_unsent(error: &hyper::Error) -> bool {
    error.is_canceled() || error.is_closed()
}

/// An HTTP/2 connection ended while the request waited for its stream, or just after. hyper calls that a misuse of its own, which
/// ours can be no other.
fn is_left_waiting(error: &hyper::Error) -> bool {
    error.is_user()
}

/// Requests that come at once make a connection each, and all share one of them as soon as it turns out to be HTTP/2. It was
/// gone before this one could, or there was another meanwhile: the request is still here.
fn has_lost_its_share(cause: &(dyn StdError + 'static)) -> bool {
    if let Some(error) = cause.downcast_ref::<legacy::Error>() {
        let is_of_a_connection = error
            .source()
            .is_some_and(<dyn StdError>::is::<hyper::Error>);
        return !error.is_connect() && !is_of_a_connection;
    }
    cause.is::<legacy::pool::Error>()
}

fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe | Kind::UnexpectedEof
    )
}

fn recognise(cause: &(dyn StdError + 'static), stage: Stage) -> Option<Error> {
    if let Some(ours) = cause.downcast_ref::<Error>() {
        return Some(ours.clone());
    }
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return Some(of_tls(error));
    }
    if let Some(error) = cause.downcast_ref::<h2::Error>() {
        return Some(of_http2(error, stage));
    }
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        return of_hyper(error, stage);
    }
    cause
        .downcast_ref::<io::Error>()
        .map(|error| of_io(error, stage))
}

fn of_tls(error: &rustls::Error) -> Error {
    if let rustls::Error::InvalidCertificate(CertificateError::Other(other)) = error
        && let Some(ours) = other.0.downcast_ref::<Error>()
    {
        return ours.clone();
    }
    Error::new(Code::Tls, format!("TLS failed: {error}"))
}

fn of_http2(error: &h2::Error, stage: Stage) -> Error {
    if let Some(io) = error.get_io() {
        return of_io(io, stage);
    }
    let reason = error.reason();
    let reason = reason
        .as_ref()
        .map_or("a protocol error", h2::Reason::description);
    let what = if error.is_go_away() {
        "the connection was closed"
    } else {
        "the stream was reset"
    };
    Error::new(Code::Http2, format!("HTTP/2: {what}: {reason}"))
}

fn of_hyper(error: &hyper::Error, stage: Stage) -> Option<Error> {
    if error.is_timeout() {
        // The only limit of time that hyper has from us.
        return Some(given_up(stage, "the HTTP/2 connection fell silent"));
    }
    if error.is_parse_too_large() {
        return Some(Error::new(
            Code::HeadersTooLarge,
            "the head of the response is too large",
        ));
    }
    if error.is_parse() {
        return Some(Error::new(
            Code::HttpParse,
            "the response is not valid HTTP",
        ));
    }
    error.is_incomplete_message().then(|| closed(stage))
}

/// The peer went away.
fn closed(stage: Stage) -> Error {
    match stage {
        Stage::ConnectThroughProxy => proxy_failed("the connection was closed"),
        Stage::Body => Error::new(Code::BodyTruncated, "the body ended before its end"),
        Stage::Connect => Error::new(
            Code::ConnectionReset,
            "the connection was closed while connecting",
        ),
        Stage::Response => Error::new(
            Code::ConnectionReset,
            "the connection was closed before the response",
        ),
    }
}

fn of_io(error: &io::Error, stage: Stage) -> Error {
    if let Some(known) = error.get_ref().and_then(|inner| recognise(inner, stage)) {
        return known;
    }
    if stage == Stage::ConnectThroughProxy && !is_of_this_machine(error) {
        return proxy_failed(&error.to_string());
    }
    if let Some(code) = error.raw_os_error().and_then(of_errno) {
        return Error::new(code, error.to_string());
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => closed(stage),
        // So h2 reports an end that came too early.
        io::ErrorKind::BrokenPipe if error.raw_os_error().is_none() => closed(stage),
        io::ErrorKind::TimedOut => given_up(stage, "the system gave the connection up"),
        // So the parser of chunks reports what it cannot read.
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
            if error.raw_os_error().is_none() =>
        {
            Error::new(Code::HttpParse, "the response is not valid HTTP")
        }
        kind => match of_kind(kind) {
            Code::Io => Error::new(Code::Io, error.to_string()),
            code => Error::new(code, kind.to_string()),
        },
    }
}

/// Somebody else gave up on the connection before any limit of ours.
fn given_up(stage: Stage, why: &str) -> Error {
    let phase = match stage {
        Stage::Connect | Stage::ConnectThroughProxy => Phase::Connect,
        Stage::Response => Phase::Response,
        Stage::Body => Phase::Idle,
    };
    let detail = format!("{why} in the phase '{}'", phase.name());
    Error {
        code: Code::TimedOut,
        phase: Some(phase),
        detail,
    }
}

fn of_kind(kind: io::ErrorKind) -> Code {
    use io::ErrorKind as Kind;
    match kind {
        Kind::ConnectionRefused => Code::ConnectionRefused,
        Kind::ConnectionReset => Code::ConnectionReset,
        Kind::ConnectionAborted => Code::ConnectionAborted,
        Kind::BrokenPipe => Code::BrokenPipe,
        Kind::HostUnreachable => Code::HostUnreachable,
        // So hyper says that no address is of the family that it comes from.
        Kind::NetworkUnreachable | Kind::NotConnected => Code::NetworkUnreachable,
        Kind::NetworkDown => Code::NetworkDown,
        Kind::AddrNotAvailable => Code::AddressNotAvailable,
        Kind::AddrInUse => Code::AddressInUse,
        Kind::PermissionDenied => Code::PermissionDenied,
        Kind::NotFound => Code::NoEntry,
        Kind::OutOfMemory => Code::NoMemory,
        _ => Code::Io,
    }
}

/// It is out of something, whoever is connected to.
fn is_of_this_machine(error: &io::Error) -> bool {
    let code = error.raw_os_error().and_then(of_errno);
    is_shortage(code.unwrap_or_else(|| of_kind(error.kind())))
}

/// Those that the standard library has no kind for.
#[cfg(unix)]
fn of_errno(errno: i32) -> Option<Code> {
    match errno {
        libc::EMFILE => Some(Code::ProcessFileLimit),
        libc::ENFILE => Some(Code::SystemFileLimit),
        libc::ENOBUFS => Some(Code::NoBufferSpace),
        libc::EPERM => Some(Code::NotPermitted),
        libc::EAFNOSUPPORT => Some(Code::AddressFamily),
        _ => None,
    }
}

#[cfg(not(unix))]
fn of_errno(_errno: i32) -> Option<Code> {
    None
}

#[cfg(test)]
mod tests {
    use hyper::client::conn::http2;
    use hyper_util::rt::{TokioExecutor, TokioIo};

    use super::*;

    #[test]
    fn a_share_of_a_connection_that_is_gone_is_a_lost_connection() {
        let error = legacy::pool::Error::CheckedOutClosedValue;
        let known = classify(&error, Stage::Connect);
        assert_eq!(known.code, Code::ConnectionReset);
        assert_eq!(repeat_unconnected(&error), Some(Repeat::Unsent));
    }

    #[tokio::test]
    async fn a_connection_that_ends_before_it_is_asked_is_a_lost_one_and_nothing_was_sent() {
        let (ours, theirs) = tokio::io::duplex(1 << 10);
        let made = http2::handshake::<_, _, String>(TokioExecutor::new(), TokioIo::new(ours));
        let (mut sender, connection) = made.await.unwrap();
        drop((connection, theirs));
        let error = sender.ready().await.unwrap_err();
        assert_eq!(
            classify(&error, Stage::Response).code,
            Code::ConnectionReset
        );
        assert_eq!(repeat(&error, true, false), Some(Repeat::Unsent));
    }
}

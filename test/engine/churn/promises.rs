//! What the engine promises under each fault. All that depends on what it repeats by itself stands here.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use h2::Reason;
use http::Method;
use manyfetch_engine::options::{Backoff, RequestOptions, Retry, Timeouts};
use manyfetch_engine::{Code, Phase};

use super::plan::{Deal, Protocol};
use super::site::Fate;

/// Times a request is sent again, as its options say.
pub(super) const RETRIES: u16 = 1;

/// Times an item's request is sent again besides, where nobody worked on it because its connection was gone. The caller is not
/// told.
pub(super) const INVISIBLE_REPEATS: usize = 1;

/// Times an item's request is sent again besides, after a wait that the server asked for.
pub(super) const MOST_ASKED: usize = 10;

pub(super) const MAX_REDIRECTS: usize = 5;

/// No request is forgotten by a connection of HTTP/2 that ends.
///
/// Now and then one still is, and waits for its limit to pass: hyper hands requests to a connection through a channel of
/// tokio's, and one that is sent at the very moment at which the channel's other end is dropped stays in it until its senders
/// are dropped too, of which the request itself holds one.
const NONE_IS_FORGOTTEN: bool = false;

/// What becomes of a request that no server has read: its connection was refused, reset, or left to itself too late.
const UNREAD: &[Code] = &[Code::ConnectionReset, Code::BrokenPipe];

/// The same over HTTP/2, which says goodbye.
const UNREAD_HTTP2: &[Code] = &[Code::ConnectionReset, Code::Http2];

/// What an answer may come to whose connection another request, or nobody's, has spoiled.
const COLLATERAL: &[Code] = &[Code::ConnectionReset, Code::BrokenPipe, Code::BodyTruncated];

const COLLATERAL_HTTP2: &[Code] = &[Code::ConnectionReset, Code::BodyTruncated, Code::Http2];

/// What a request may come to that a server has read and answers, over a connection of HTTP/2 that takes no others: hyper drops
/// the one that waited for its stream until just now.
const LOST_WITH_RETIRED: &[Code] = &[Code::ConnectionReset];

/// What servers say to a connection that was idle for too long, and a request that meets it takes for its answer.
pub(super) const TOO_LATE: u16 = 408;

static RETRY: LazyLock<Arc<Retry>> = LazyLock::new(|| {
    Arc::new(Retry {
        limit: RETRIES.into(),
        backoff: Backoff {
            base: Duration::from_millis(5),
            max: Some(Duration::from_millis(50)),
            ..Backoff::default()
        },
        max_retry_after: Some(Duration::from_secs(2)),
        budget: None,
        ..Retry::default()
    })
});

/// What an item may come to.
#[derive(Debug)]
pub(super) enum Comes {
    /// To this status and the whole body of its path.
    To(u16),
    ToOneOf(&'static [Code]),
    ToTimeout(Phase),
}

/// What `deal` comes to over a connection that bears it.
pub(super) fn comes(deal: Deal, protocol: Protocol) -> Comes {
    use Comes::{To, ToOneOf, ToTimeout};
    match deal {
        Deal::Whole | Deal::Retire => To(200),
        Deal::Status(status, _) => To(status),
        // Never the last hop, unless its target cannot be asked.
        Deal::Redirect => ToOneOf(&[]),
        Deal::Loop => ToOneOf(&[Code::TooManyRedirects]),
        Deal::RedirectToNobody => ToOneOf(&[Code::ConnectionRefused]),
        Deal::BadLocation => ToOneOf(&[Code::InvalidRedirect]),
        Deal::CutGzip | Deal::WrongGzip => ToOneOf(&[Code::Decode]),
        Deal::HugeHead if protocol == Protocol::Http2 => ToOneOf(&[Code::Http2]),
        Deal::HugeHead => ToOneOf(&[Code::HeadersTooLarge]),
        Deal::StallHead => ToTimeout(Phase::Response),
        Deal::StallBody => ToTimeout(Phase::Idle),
        Deal::HangUp | Deal::CutHead | Deal::CutConnection => ToOneOf(&[Code::ConnectionReset]),
        Deal::CutBody => ToOneOf(&[Code::ConnectionReset, Code::BodyTruncated]),
        Deal::BadHead | Deal::BadChunk | Deal::TwoFramings => ToOneOf(&[Code::HttpParse]),
        // As good as a body that was cut; but the reset may overtake the head.
        Deal::ResetBody(Reason::NO_ERROR) => ToOneOf(&[Code::BodyTruncated, Code::Http2]),
        Deal::ResetStream(_) | Deal::ResetBody(_) | Deal::WrongLength | Deal::GoAway(_) => {
            ToOneOf(&[Code::Http2])
        }
    }
}

/// Whether a request that `deal` was dealt to, over a connection of this fate, may have been sent once more.
pub(super) fn may_go_on(deal: Deal, protocol: Protocol, method: &Method, fate: Fate) -> bool {
    let is_followed = match comes(deal, protocol) {
        Comes::To(status) => RETRY.status_codes.contains(&status),
        Comes::ToOneOf(among) => among.iter().any(|code| is_tried_again(*code)),
        Comes::ToTimeout(_) => true,
    };
    // A turn of a loop is followed by the next one.
    let may_be_lost = fate != Fate::Bears || is_turned_away(deal);
    let is_sent_again = is_followed || may_be_lost || deal == Deal::Loop;
    RETRY.methods.contains(method) && is_sent_again || may_be_too_long(deal, protocol, method)
}

/// Whether a head may have had more lines than usual, so that the same was asked for once more, over a connection that takes more.
pub(super) fn may_be_too_long(deal: Deal, protocol: Protocol, method: &Method) -> bool {
    deal == Deal::HugeHead && protocol != Protocol::Http2 && method.is_safe()
}

/// Nobody has worked on it, as far as it was said. A reset may overtake the head that was sent before it.
fn is_turned_away(deal: Deal) -> bool {
    matches!(
        deal,
        Deal::ResetStream(Reason::REFUSED_STREAM | Reason::HTTP_1_1_REQUIRED)
            | Deal::ResetBody(Reason::REFUSED_STREAM)
            | Deal::GoAway(_)
    )
}

/// Whether an item that came to this should have been tried again, while there were tries left.
pub(super) fn is_worth_another_try(code: Option<Code>, status: u16) -> bool {
    code.map_or_else(|| RETRY.status_codes.contains(&status), is_tried_again)
}

fn is_tried_again(code: Code) -> bool {
    RETRY.error_codes.contains(&code)
}

/// What an attempt may come to of which no server has read a request.
pub(super) fn may_stay_unread(protocol: Protocol, code: Option<Code>, status: u16) -> bool {
    let Some(code) = code else {
        return status == TOO_LATE && protocol != Protocol::Http2;
    };
    if protocol == Protocol::Http2 {
        return UNREAD_HTTP2.contains(&code) || (code == Code::TimedOut && !NONE_IS_FORGOTTEN);
    }
    UNREAD.contains(&code)
}

/// What an attempt may come to besides what was dealt to it, over a connection that was spoiled or is going away.
pub(super) fn may_be_collateral(protocol: Protocol, code: Code, fate: Fate) -> bool {
    let among = match fate {
        Fate::Bears => &[],
        Fate::Retires => LOST_WITH_RETIRED,
        Fate::Spoiled if protocol == Protocol::Http2 => COLLATERAL_HTTP2,
        Fate::Spoiled => COLLATERAL,
    };
    among.contains(&code)
}

/// Short limits where servers fall silent; elsewhere such that only a bug passes them.
pub(super) fn options(is_hurried: bool, method: Method, options: &mut RequestOptions) {
    let limit = Duration::from_millis(if is_hurried { 400 } else { 12_000 });
    options.method = method;
    options.max_redirects = MAX_REDIRECTS;
    options.retry = Arc::clone(&RETRY);
    options.timeouts = Timeouts {
        connect: Some(Duration::from_secs(30)),
        response: Some(limit),
        idle: Some(limit),
        ..Timeouts::default()
    };
}

//! What the servers do, and to whom: a function of the path, which holds the seed, and of how often it was asked for before.

use std::sync::OnceLock;

use fastrand::Rng;
use h2::Reason;

/// A path that begins so is asked for by someone in a hurry: only there does a server fall silent.
pub(super) const HURRIED: &str = "/hurried";

/// A path that begins so makes its whole host pause: while it does nothing goes on there.
pub(super) const PAUSING: &str = "/pausing";

/// A path that ends so redirects to itself.
pub(super) const LOOP: &str = "/loop";

const NOISE: usize = 768 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Protocol {
    Plain,
    Tls,
    Http2,
}

impl Protocol {
    pub(super) const ALL: [Protocol; 3] = [Protocol::Plain, Protocol::Tls, Protocol::Http2];
}

/// What a server does with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deal {
    Whole,
    Status(u16, Option<u8>),
    Redirect,
    Loop,
    RedirectToNobody,
    BadLocation,
    CutGzip,
    WrongGzip,
    HugeHead,
    StallHead,
    StallBody,
    /// Closes, once it has read the request: on a connection that was idle until then as on a fresh one.
    HangUp,
    CutHead,
    CutBody,
    BadHead,
    BadChunk,
    TwoFramings,
    ResetStream(Reason),
    ResetBody(Reason),
    WrongLength,
    GoAway(Reason),
    /// Answers, and takes no further request on this connection.
    Retire,
    CutConnection,
}

/// How a connection breaks by itself, whatever is asked over it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// Bytes that go out before: none for a connection that is refused, a few in the handshake, many in a body.
    pub(super) after: u64,
    pub(super) resets: bool,
}

type Weighed = [(u32, Deal)];

const BOTH: &Weighed = &[
    (700, Deal::Whole),
    (20, Deal::Status(500, None)),
    (6, Deal::Status(429, None)),
    (6, Deal::Status(429, Some(0))),
    (6, Deal::Status(503, None)),
    (6, Deal::Status(503, Some(0))),
    (10, Deal::Status(404, None)),
    (40, Deal::Redirect),
    (5, Deal::Loop),
    (3, Deal::RedirectToNobody),
    (6, Deal::BadLocation),
    (12, Deal::CutGzip),
    (12, Deal::WrongGzip),
    (4, Deal::HugeHead),
];

const HTTP1: &Weighed = &[
    (25, Deal::HangUp),
    (15, Deal::CutHead),
    (50, Deal::CutBody),
    (20, Deal::BadHead),
    (15, Deal::BadChunk),
    (10, Deal::TwoFramings),
];

const HTTP2: &Weighed = &[
    (15, Deal::ResetStream(Reason::REFUSED_STREAM)),
    (5, Deal::ResetStream(Reason::INTERNAL_ERROR)),
    (5, Deal::ResetStream(Reason::CANCEL)),
    (5, Deal::ResetStream(Reason::PROTOCOL_ERROR)),
    (5, Deal::ResetStream(Reason::ENHANCE_YOUR_CALM)),
    (5, Deal::ResetStream(Reason::HTTP_1_1_REQUIRED)),
    (5, Deal::ResetStream(Reason::NO_ERROR)),
    (10, Deal::ResetBody(Reason::INTERNAL_ERROR)),
    (10, Deal::ResetBody(Reason::CANCEL)),
    (10, Deal::ResetBody(Reason::REFUSED_STREAM)),
    (10, Deal::ResetBody(Reason::FLOW_CONTROL_ERROR)),
    (10, Deal::ResetBody(Reason::NO_ERROR)),
    (10, Deal::WrongLength),
    // These take others with them.
    (3, Deal::GoAway(Reason::NO_ERROR)),
    (3, Deal::GoAway(Reason::ENHANCE_YOUR_CALM)),
    (3, Deal::GoAway(Reason::INTERNAL_ERROR)),
    (6, Deal::Retire),
    (3, Deal::CutConnection),
];

const SILENT: &Weighed = &[
    (30, Deal::StallHead),
    (30, Deal::StallBody),
    (40, Deal::Whole),
];

const BUSY: &Weighed = &[(1, Deal::Status(503, Some(1)))];

/// What is dealt to request number `attempt` for `path`, and the chance that decides how.
pub(super) fn deal(protocol: Protocol, path: &str, attempt: usize) -> (Deal, Rng) {
    let mut rng = Rng::with_seed(hash(path) ^ (attempt as u64).wrapping_mul(0x9E37_79B9));
    let deal = if path.ends_with(LOOP) {
        Deal::Loop
    } else if path.starts_with(HURRIED) {
        pick(&mut rng, &[SILENT])
    } else if path.starts_with(PAUSING) && attempt == 0 {
        pick(&mut rng, &[BUSY])
    } else {
        pick(&mut rng, &[BOTH, own(protocol)])
    };
    (deal, rng)
}

fn pick(rng: &mut Rng, tables: &[&Weighed]) -> Deal {
    let rows = || tables.iter().flat_map(|table| table.iter());
    let mut at = rng.u32(0..rows().map(|(weight, _)| weight).sum());
    for (weight, deal) in rows() {
        if at < *weight {
            return *deal;
        }
        at -= weight;
    }
    unreachable!("it is below the sum")
}

/// What could be dealt and was not: servers that spare the client prove nothing.
pub(super) fn missing(dealt: &[Deal]) -> Vec<Deal> {
    [BOTH, HTTP1, HTTP2, SILENT, BUSY]
        .into_iter()
        .flatten()
        .map(|(_, deal)| *deal)
        .filter(|deal| !dealt.contains(deal))
        .collect()
}

fn own(protocol: Protocol) -> &'static Weighed {
    if protocol == Protocol::Http2 {
        HTTP2
    } else {
        HTTP1
    }
}

/// Streams that connection `number` takes at a time.
pub(super) fn streams(seed: u64, number: u64) -> u32 {
    let mut rng = Rng::with_seed(hash(&format!("streams {seed} {number}")));
    *rng.choice(&[2, 8, 100, 100]).unwrap_or(&100)
}

/// Whether connection `number` of a server breaks by itself.
pub(super) fn cut(protocol: Protocol, seed: u64, number: u64) -> Option<Cut> {
    let mut rng = Rng::with_seed(hash(&format!("{protocol:?} {seed} {number}")));
    // One connection of HTTP/2 carries as much as hundreds of the others.
    let (percent, length) = match protocol {
        Protocol::Plain => (5, 60_000),
        Protocol::Tls => (7, 20_000),
        Protocol::Http2 => (25, 1_500_000),
    };
    let is_cut = rng.u32(0..100) < percent;
    is_cut.then(|| Cut {
        after: match rng.u8(0..3) {
            0 => 0,
            1 => rng.u64(0..3_000),
            _ => rng.u64(0..length),
        },
        // In plain text nothing tells a body that ends with the connection from one that was cut, but for a reset.
        resets: protocol == Protocol::Plain || rng.bool(),
    })
}

/// The one body of `path`: it begins with the path, and no other has the rest.
pub(super) fn body(path: &str) -> Vec<u8> {
    static RANDOM: OnceLock<Vec<u8>> = OnceLock::new();
    let noise = RANDOM.get_or_init(|| {
        let mut rng = Rng::with_seed(0);
        // Half of it in runs, for the compressor to have something to find.
        (0..NOISE)
            .map(|i| if i / 64 % 2 == 0 { rng.u8(..) } else { b'-' })
            .collect()
    });
    let mut rng = Rng::with_seed(hash(path));
    let length = match rng.u32(0..1_000) {
        0..30 => 0,
        30..700 => rng.usize(1..1 << 10),
        700..950 => rng.usize(1..16 << 10),
        950..990 => rng.usize(1..64 << 10),
        _ => rng.usize(1..320 << 10),
    };
    let start = rng.usize(0..NOISE - (320 << 10));
    let mut body = path.as_bytes().to_vec();
    body.extend(&noise[start..start + length]);
    body.truncate(length);
    body
}

/// FNV-1a, mixed: the same on every machine and with every compiler.
fn hash(text: &str) -> u64 {
    let fnv = text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    (fnv ^ (fnv >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

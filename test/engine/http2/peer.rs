//! An HTTP/2 server frame by frame: it sends what a test wants, and understands no more than which streams were opened.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::raw::{self, Raw};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const ACK: u8 = 1;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
pub(crate) const PADDED: u8 = 8;

pub(crate) const NO_ERROR: u32 = 0;
pub(crate) const PROTOCOL_ERROR: u32 = 1;
pub(crate) const INTERNAL_ERROR: u32 = 2;
pub(crate) const REFUSED_STREAM: u32 = 7;
pub(crate) const CANCEL: u32 = 8;
pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;
pub(crate) const HTTP_1_1_REQUIRED: u32 = 13;

pub(crate) const HEADER_TABLE_SIZE: u16 = 1;
pub(crate) const ENABLE_PUSH: u16 = 2;
pub(crate) const MAX_CONCURRENT_STREAMS: u16 = 3;
pub(crate) const INITIAL_WINDOW_SIZE: u16 = 4;

/// What a frame holds at most, by default.
const MAX_FRAME: usize = 16 << 10;

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("it fits a frame");
    let mut frame = length.to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A list of fields, in as many frames as it needs.
pub(crate) fn headers(stream: u32, flags: u8, fields: &[(&str, &str)]) -> Vec<u8> {
    let block = block(fields);
    let (first, rest) = block.split_at(block.len().min(MAX_FRAME));
    let mut frames = frame(HEADERS, flags | ends(rest), stream, first);
    for (i, part) in rest.chunks(MAX_FRAME).enumerate() {
        let behind = &rest[i * MAX_FRAME + part.len()..];
        frames.extend(frame(CONTINUATION, ends(behind), stream, part));
    }
    frames
}

fn ends(behind: &[u8]) -> u8 {
    if behind.is_empty() { END_HEADERS } else { 0 }
}

/// Fields as literals that nobody is to remember (RFC 7541 §6.2.2).
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            push_length(&mut block, text.len());
            block.extend(text.as_bytes());
        }
    }
    block
}

/// An integer with a prefix of seven bits (RFC 7541 §5.1).
fn push_length(block: &mut Vec<u8>, length: usize) {
    const PREFIX: usize = 0x7f;
    let Some(mut rest) = length.checked_sub(PREFIX) else {
        return block.push(length.to_le_bytes()[0]);
    };
    block.push(0x7f);
    while rest >= 0x80 {
        block.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    block.push(rest.to_le_bytes()[0]);
}

pub(crate) fn data(stream: u32, flags: u8, body: &str) -> Vec<u8> {
    frame(DATA, flags, stream, body.as_bytes())
}

pub(crate) fn reset(stream: u32, reason: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &reason.to_be_bytes())
}

/// Says that no stream after `last` was looked at.
pub(crate) fn go_away(last: u32, reason: u32) -> Vec<u8> {
    let payload = [last.to_be_bytes(), reason.to_be_bytes()].concat();
    frame(GOAWAY, 0, 0, &payload)
}

pub(crate) fn settings(settings: &[(u16, u32)]) -> Vec<u8> {
    let mut payload = Vec::new();
    for (name, value) in settings {
        payload.extend(name.to_be_bytes());
        payload.extend(value.to_be_bytes());
    }
    frame(SETTINGS, 0, 0, &payload)
}

pub(crate) fn window_update(stream: u32, more: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &more.to_be_bytes())
}

/// A whole answer.
pub(crate) fn answer(stream: u32, body: &str) -> Vec<u8> {
    let mut frames = headers(stream, 0, &[(":status", "200")]);
    frames.extend(data(stream, END_STREAM, body));
    frames
}

/// One connection, behind its handshake of TLS.
pub(crate) struct Peer {
    stream: TlsStream<TcpStream>,
    /// Which connection of its server it is, from 0.
    pub(crate) number: usize,
}

impl Peer {
    /// The peer behind a handshake that chose HTTP/2, once the client's preface has come.
    pub(crate) async fn greet(mut stream: TlsStream<TcpStream>, number: usize) -> Option<Self> {
        stream.read_exact(&mut [0; 24]).await.ok()?;
        Some(Self { stream, number })
    }

    /// Sends bytes. Returns whether the client still listens.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let written = self.stream.write_all(bytes.as_ref()).await;
        written.is_ok() && self.stream.flush().await.is_ok()
    }

    /// Returns the next stream that the client opens, and acknowledges its settings on the way; `None` when it leaves.
    pub(crate) async fn request(&mut self) -> Option<u32> {
        loop {
            let mut head = [0; 9];
            self.stream.read_exact(&mut head).await.ok()?;
            let [a, b, c, kind, flags, stream @ ..] = head;
            let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()?;
            self.stream.read_exact(&mut vec![0; length]).await.ok()?;
            match kind {
                HEADERS => return Some(u32::from_be_bytes(stream)),
                SETTINGS if flags & ACK == 0 => {
                    let acknowledged = frame(SETTINGS, ACK, 0, &[]);
                    self.send(acknowledged).await.then_some(())?;
                }
                _ => {}
            }
        }
    }

    /// Listens until the client leaves.
    pub(crate) async fn ignore(mut self) {
        while self.request().await.is_some() {}
    }
}

/// Hands every connection to `handle`, once the client's preface has come, before a word was said.
pub(crate) async fn serve<F>(
    acceptor: TlsAcceptor,
    handle: impl Fn(Peer) -> F + Send + Sync + 'static,
) -> Raw
where
    F: Future<Output = ()> + Send + 'static,
{
    let (handle, connections) = (Arc::new(handle), AtomicUsize::default());
    raw::serve(move |stream| {
        let number = connections.fetch_add(1, Ordering::Relaxed);
        let (acceptor, handle) = (acceptor.clone(), Arc::clone(&handle));
        async move {
            if let Ok(stream) = acceptor.accept(stream).await
                && let Some(peer) = Peer::greet(stream, number).await
            {
                handle(peer).await;
            }
        }
    })
    .await
}

//! A server of HTTP/1.1, byte by byte where it must be.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Method;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use super::plan::{self, Deal, Protocol};
use super::site::{Connection, Site};

/// What no client may ever take for an answer to its own request.
const POISON: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";

/// What servers say to a connection that was idle for too long. On its way it may meet a request, so that it can be its answer.
const TOO_LATE: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

const BAD_HEADS: [&str; 7] = [
    "HTTP/1.1 99 Odd\r\n\r\n",
    "HTTP/3.0 200 OK\r\n\r\n",
    "hello world\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: x\0y\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nhello",
];

const BAD_CHUNKS: [&str; 4] = [
    "zz\r\nhello\r\n0\r\n\r\n",
    "\r\n",
    "5\r\nhelloX\r\n0\r\n\r\n",
    "fffffffffffffffff\r\n",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length,
    Chunked,
    Closed,
}

/// What happens to the connection after a whole answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Keep,
    SayClose,
    /// Closed without a word, just about when the next request may come.
    CloseIdle,
    ResetIdle,
    TooLate,
    Poison,
}

/// An answer as it goes on the wire.
struct Wire {
    bytes: Vec<u8>,
    head: usize,
    framing: Framing,
}

pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    site: &Site,
    protocol: Protocol,
    connection: &Arc<Connection>,
) {
    let mut then = Then::Keep;
    loop {
        let head = match then {
            Then::Keep => read_head(&mut stream).await,
            Then::CloseIdle | Then::ResetIdle | Then::TooLate => {
                let wait = Duration::from_micros(fastrand::u64(0..4_000));
                match timeout(wait, read_head(&mut stream)).await {
                    Ok(head) => head,
                    Err(_) => return leave(stream, then, connection).await,
                }
            }
            Then::SayClose | Then::Poison => {
                let _ = stream.shutdown().await;
                return;
            }
        };
        let Some((method, path)) = head else {
            return;
        };
        let (deal, rng) = site.take(protocol, method, &path, connection);
        let mut answering = Answering {
            site,
            protocol,
            connection,
            path: &path,
            rng,
        };
        match answering.answer(&mut stream, deal).await {
            Ok(Some(next)) => then = next,
            Ok(None) | Err(_) => return,
        }
    }
}

async fn leave<S: AsyncWrite + Unpin>(mut stream: S, how: Then, connection: &Connection) {
    match how {
        Then::TooLate => {
            let _ = stream.write_all(TOO_LATE).await;
            let _ = stream.shutdown().await;
        }
        Then::ResetIdle => {
            // It discards what of the last answer is still to be sent.
            connection.spoil();
            connection.reset_at_end();
        }
        _ => {
            let _ = stream.shutdown().await;
        }
    }
}

async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> Option<(Method, String)> {
    let mut head = Vec::with_capacity(512);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let head = String::from_utf8_lossy(&head);
    let mut words = head.split(' ');
    let method = words.next()?.parse().ok()?;
    Some((method, words.next()?.to_owned()))
}

struct Answering<'a> {
    site: &'a Site,
    protocol: Protocol,
    connection: &'a Arc<Connection>,
    path: &'a str,
    rng: Rng,
}

impl Answering<'_> {
    /// Does what was dealt. Returns how the connection goes on, if it does.
    async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        deal: Deal,
    ) -> io::Result<Option<Then>> {
        match deal {
            Deal::Whole => self.whole(stream, "200 OK", String::new()).await,
            Deal::Status(status, retry_after) => {
                let field = retry_after.map(|after| format!("Retry-After: {after}\r\n"));
                self.whole(stream, &format!("{status} Odd"), field.unwrap_or_default())
                    .await
            }
            Deal::Redirect | Deal::Loop | Deal::RedirectToNobody | Deal::BadLocation => {
                let location = self.site.location(deal, self.path, &mut self.rng);
                let status = if self.rng.bool() {
                    "302 Found"
                } else {
                    "307 Odd"
                };
                self.whole(stream, status, format!("Location: {location}\r\n"))
                    .await
            }
            Deal::StallHead | Deal::StallBody => self.stall(stream, deal).await,
            Deal::HangUp | Deal::CutHead | Deal::CutBody => self.cut(stream, deal).await,
            _ => {
                let bytes = self.broken(deal);
                self.write(stream, &bytes).await?;
                stream.shutdown().await?;
                Ok(None)
            }
        }
    }

    async fn whole<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        status: &str,
        fields: String,
    ) -> io::Result<Option<Then>> {
        let framing = match self.rng.u32(0..100) {
            0..60 => Framing::Length,
            60..95 => Framing::Chunked,
            _ => Framing::Closed,
        };
        let mut then = match self.rng.u32(0..100) {
            _ if framing == Framing::Closed => Then::SayClose,
            0..84 => Then::Keep,
            84..88 => Then::SayClose,
            88..92 => Then::CloseIdle,
            92..94 => Then::ResetIdle,
            94..97 => Then::TooLate,
            _ => Then::Poison,
        };
        let mut body = plan::body(self.path);
        let mut fields = fields;
        if then == Then::SayClose {
            fields += "Connection: close\r\n";
        }
        if !body.is_empty() && body.len() < 32 << 10 && self.rng.u8(0..10) == 0 {
            body = gzip(&body);
            fields += "Content-Encoding: gzip\r\n";
        }
        let mut wire = self.wire(status, &fields, &body, framing);
        // Only what comes in one piece with the answer is surely there before the next request is.
        if then == Then::Poison && wire.bytes.len() < 4 << 10 {
            wire.bytes.extend(POISON);
            stream.write_all(&wire.bytes).await?;
            stream.flush().await?;
            return Ok(Some(then));
        } else if then == Then::Poison {
            then = Then::Keep;
        }
        let mut hints = Vec::new();
        if self.rng.u8(0..20) == 0 {
            let most = if self.rng.u8(0..5) == 0 { 200 } else { 3 };
            for _ in 0..self.rng.usize(1..=most) {
                hints.extend(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
            }
        }
        hints.extend(wire.bytes);
        self.write(stream, &hints).await?;
        Ok(Some(then))
    }

    fn wire(&mut self, status: &str, fields: &str, body: &[u8], framing: Framing) -> Wire {
        let version = if framing == Framing::Closed && self.rng.bool() {
            "1.0"
        } else {
            "1.1"
        };
        let framed = match framing {
            Framing::Length => format!("Content-Length: {}\r\n", body.len()),
            Framing::Chunked => "Transfer-Encoding: chunked\r\n".to_owned(),
            Framing::Closed => String::new(),
        };
        let mut bytes = format!("HTTP/{version} {status}\r\n{fields}{framed}\r\n").into_bytes();
        let head = bytes.len();
        if framing == Framing::Chunked {
            self.chunk(&mut bytes, body);
        } else {
            bytes.extend(body);
        }
        Wire {
            bytes,
            head,
            framing,
        }
    }

    fn chunk(&mut self, bytes: &mut Vec<u8>, mut body: &[u8]) {
        let most = self.rng.usize(1..32 << 10);
        while !body.is_empty() {
            // Many small chunks make a large overhead, and few tests of anything.
            let size = self
                .rng
                .usize(1..=most)
                .max(body.len() / 64)
                .min(body.len());
            let (chunk, rest) = body.split_at(size);
            let extension = if self.rng.u8(0..8) == 0 { ";a=b" } else { "" };
            bytes.extend(format!("{size:x}{extension}\r\n").as_bytes());
            bytes.extend(chunk);
            bytes.extend(b"\r\n");
            body = rest;
        }
        let trailer = if self.rng.u8(0..8) == 0 {
            "A: b\r\n"
        } else {
            ""
        };
        bytes.extend(format!("0\r\n{trailer}\r\n").as_bytes());
    }

    /// What is complete and wrong.
    fn broken(&mut self, deal: Deal) -> Vec<u8> {
        match deal {
            Deal::CutGzip | Deal::WrongGzip => {
                let body = broken_gzip(deal, self.path, &mut self.rng);
                let framing = *self
                    .rng
                    .choice(&[Framing::Length, Framing::Chunked])
                    .expect("there are two");
                self.wire("200 OK", "Content-Encoding: gzip\r\n", &body, framing)
                    .bytes
            }
            Deal::BadHead => self.choose(&BAD_HEADS).into(),
            Deal::BadChunk => {
                let chunk = self.choose(&BAD_CHUNKS);
                format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n{chunk}").into()
            }
            Deal::TwoFramings => "HTTP/1.1 200 OK\r\nContent-Length: 15\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n".into(),
            _ => {
                let lines = "a: b\r\n".repeat(1_500);
                format!("HTTP/1.1 200 OK\r\n{lines}Content-Length: 0\r\n\r\n").into()
            }
        }
    }

    fn choose(&mut self, among: &[&'static str]) -> &'static str {
        self.rng.choice(among).expect("there are some")
    }

    /// Breaks off, in order or with a reset.
    async fn cut<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        deal: Deal,
    ) -> io::Result<Option<Then>> {
        let framing = *self
            .rng
            .choice(&[Framing::Length, Framing::Chunked, Framing::Closed])
            .expect("there are three");
        let mut body = plan::body(self.path);
        body.push(b'.');
        let wire = self.wire("200 OK", "", &body, framing);
        let at = match deal {
            Deal::HangUp => 0,
            Deal::CutHead => self.rng.usize(1..wire.head),
            _ => self.rng.usize(wire.head..wire.bytes.len()),
        };
        self.write(stream, &wire.bytes[..at]).await?;
        let is_end = wire.framing == Framing::Closed && deal == Deal::CutBody;
        if (is_end && self.protocol == Protocol::Plain) || self.rng.bool() {
            self.connection.reset_at_end();
        } else if !is_end && self.rng.bool() {
            stream.shutdown().await?;
        }
        Ok(None)
    }

    /// Falls silent until the client gives up.
    async fn stall<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        deal: Deal,
    ) -> io::Result<Option<Then>> {
        let wire = self.wire("200 OK", "", b"never to be ended", Framing::Length);
        let end = if deal == Deal::StallHead {
            self.rng.usize(0..wire.head)
        } else {
            self.rng.usize(wire.head..wire.bytes.len())
        };
        stream.write_all(&wire.bytes[..end]).await?;
        stream.flush().await?;
        let mut nothing = [0; 64];
        while stream.read(&mut nothing).await? > 0 {}
        Ok(None)
    }

    /// Writes at once, in pieces, in single bytes, or slowly.
    async fn write<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        bytes: &[u8],
    ) -> io::Result<()> {
        let pace = self.rng.u32(0..100);
        let mut rest = bytes;
        while !rest.is_empty() {
            let size = match pace {
                0..80 => rest.len(),
                99.. if bytes.len() < 600 => 1,
                _ => self.rng.usize(1..=rest.len()),
            };
            let (piece, after) = rest.split_at(size);
            stream.write_all(piece).await?;
            stream.flush().await?;
            rest = after;
            if (96..98).contains(&pace) {
                sleep(Duration::from_millis(self.rng.u64(0..8))).await;
            } else if pace >= 80 {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }
}

pub(super) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).expect("it is memory");
    encoder.finish().expect("it is memory")
}

/// A body that is not what it is said to be: cut, damaged, or no gzip at all.
pub(super) fn broken_gzip(deal: Deal, path: &str, rng: &mut Rng) -> Vec<u8> {
    let mut body = gzip(format!("{path} is to be compressed").as_bytes());
    if deal == Deal::CutGzip {
        body.truncate(rng.usize(1..body.len()));
    } else if rng.bool() {
        // The checksum of the content stands before its length.
        let checksum = body.len() - 5;
        body[checksum] ^= 1;
    } else {
        return path.as_bytes().to_vec();
    }
    body
}

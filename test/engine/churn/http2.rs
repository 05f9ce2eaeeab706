//! A server of HTTP/2, for what streams and connections can do wrong.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use h2::server::{Builder, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, LINK, LOCATION, RETRY_AFTER};
use http::{Request, Response, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::sleep;

use super::http1::{broken_gzip, gzip};
use super::plan::{self, Deal, Protocol};
use super::site::{Connection, Site};

/// More than any list of header fields may come to.
const HUGE_FIELD: usize = 60 << 10;

pub(super) async fn serve<S>(stream: S, site: Arc<Site>, connection: Arc<Connection>, most: u32)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut builder = Builder::new();
    // Who gives up a whole run resets many streams at once, and is not to be punished for it.
    builder.max_concurrent_streams(most);
    builder.max_pending_accept_reset_streams(10_000);
    let Ok(mut streams) = builder.handshake::<_, Bytes>(stream).await else {
        return;
    };
    while let Some(Ok((request, respond))) = streams.accept().await {
        let path = request.uri().path().to_owned();
        let method = request.method().clone();
        let (deal, mut rng) = site.take(Protocol::Http2, method, &path, &connection);
        match deal {
            Deal::GoAway(reason) => {
                connection.spoil();
                streams.abrupt_shutdown(reason);
                continue;
            }
            Deal::CutConnection => {
                connection.spoil();
                if rng.bool() {
                    connection.reset_at_end();
                }
                return;
            }
            Deal::Retire => {
                connection.retire();
                streams.graceful_shutdown();
            }
            _ => {}
        }
        let answering = Answering {
            site: Arc::clone(&site),
            path,
            rng,
        };
        tokio::spawn(answering.answer(request, respond, deal));
    }
}

struct Answering {
    site: Arc<Site>,
    path: String,
    rng: Rng,
}

impl Answering {
    /// Does what was dealt. What fails on the way was cut by another, or given up by the client.
    async fn answer(
        mut self,
        _request: Request<RecvStream>,
        mut respond: SendResponse<Bytes>,
        deal: Deal,
    ) -> Result<(), h2::Error> {
        let mut head = Response::builder();
        match deal {
            Deal::ResetStream(reason) => {
                respond.send_reset(reason);
                return Ok(());
            }
            Deal::StallHead => {
                poll_fn(|context| respond.poll_reset(context)).await?;
                return Ok(());
            }
            Deal::Redirect | Deal::Loop | Deal::RedirectToNobody | Deal::BadLocation => {
                let location = self.site.location(deal, &self.path, &mut self.rng);
                let status = if self.rng.bool() { 302 } else { 307 };
                head = head.status(status).header(LOCATION, location);
            }
            Deal::Status(status, retry_after) => {
                head = head.status(status);
                if let Some(after) = retry_after {
                    head = head.header(RETRY_AFTER, u16::from(after));
                }
            }
            Deal::HugeHead => {
                for name in ["a", "b", "c", "d", "e"] {
                    head = head.header(name, "x".repeat(HUGE_FIELD));
                }
            }
            _ => {}
        }
        let mut body = plan::body(&self.path);
        if matches!(deal, Deal::CutGzip | Deal::WrongGzip) {
            body = broken_gzip(deal, &self.path, &mut self.rng);
            head = head.header(CONTENT_ENCODING, "gzip");
        } else if is_cut(deal) {
            body.push(b'.');
        } else if !body.is_empty() && body.len() < 32 << 10 && self.rng.u8(0..10) == 0 {
            body = gzip(&body);
            head = head.header(CONTENT_ENCODING, "gzip");
        }
        match deal {
            Deal::WrongLength if self.rng.bool() => {
                head = head.header(CONTENT_LENGTH, body.len() + 1);
            }
            Deal::WrongLength => {
                head = head.header(CONTENT_LENGTH, body.len());
                body.push(b'.');
            }
            _ if self.rng.bool() => head = head.header(CONTENT_LENGTH, body.len()),
            _ => {}
        }
        self.send(
            &mut respond,
            head.body(()).expect("it is a response"),
            body,
            deal,
        )
        .await
    }

    async fn send(
        &mut self,
        respond: &mut SendResponse<Bytes>,
        head: Response<()>,
        body: Vec<u8>,
        deal: Deal,
    ) -> Result<(), h2::Error> {
        if self.rng.u8(0..20) == 0 {
            for _ in 0..self.rng.usize(1..20) {
                let hint = Response::builder()
                    .status(StatusCode::EARLY_HINTS)
                    .header(LINK, "</x>");
                respond.send_informational(hint.body(()).expect("it is a response"))?;
            }
        }
        let pace = self.rng.u32(0..100);
        if pace < 2 {
            sleep(Duration::from_millis(self.rng.u64(0..8))).await;
        }
        let mut stream = respond.send_response(head, false)?;
        let whole = if is_cut(deal) {
            self.rng.usize(0..body.len())
        } else {
            body.len()
        };
        let mut rest = Bytes::from(body).slice(..whole);
        while !rest.is_empty() {
            let size = match pace {
                0..80 => rest.len(),
                99.. if whole < 600 => 1,
                _ => self.rng.usize(1..=rest.len()),
            };
            send_piece(&mut stream, rest.split_to(size)).await?;
            if pace < 2 {
                sleep(Duration::from_millis(self.rng.u64(0..8))).await;
            }
        }
        match deal {
            Deal::ResetBody(reason) => {
                // What is sent at once with the reset would be dropped: let it overtake nothing half of the time.
                if self.rng.bool() {
                    sleep(Duration::from_millis(1)).await;
                }
                stream.send_reset(reason);
                Ok(())
            }
            Deal::StallBody => poll_fn(|context| stream.poll_reset(context))
                .await
                .map(|_: Reason| ()),
            _ => stream.send_data(Bytes::new(), true),
        }
    }
}

fn is_cut(deal: Deal) -> bool {
    matches!(deal, Deal::ResetBody(_) | Deal::StallBody)
}

/// Sends `piece` as the client makes room for it.
async fn send_piece(stream: &mut SendStream<Bytes>, mut piece: Bytes) -> Result<(), h2::Error> {
    while !piece.is_empty() {
        stream.reserve_capacity(piece.len());
        let Some(room) = poll_fn(|context| stream.poll_capacity(context)).await else {
            return Err(Reason::CANCEL.into());
        };
        let size = room?.min(piece.len());
        stream.send_data(piece.split_to(size), false)?;
    }
    Ok(())
}

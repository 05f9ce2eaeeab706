//! The body of one hop's response: kept, saved, or read to its end for the sake of the connection.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use tokio::time::Instant;

use super::{End, Hop};
use crate::body_plan::BodyPlan;
use crate::decode::Decoder;
use crate::error::{Code, Error};
use crate::journal::JournalEntry;
use crate::pace::Pace;
use crate::retry::{Again, Why};
use crate::save::{Answer, Saving};
use crate::sink::Sink;
use crate::transport::{BodyStream, Transport};

/// A body that nobody wants (of a redirect, of a response that is tried again or whose head is enough) is read up to here to
/// keep the connection; past it, a new one is cheaper.
const MAX_DRAINED: u64 = 64 << 10;
const MAX_DRAIN_TIME: Duration = Duration::from_secs(1);

impl<T: Transport> Hop<'_, T> {
    /// Reads what is left of a body that nobody wants, so that its connection can be used again, and counts it. What breaks off
    /// or takes too long costs the connection.
    pub(super) async fn drain(&self, body: T::Body, drained: &mut u64) -> Result<(), Error> {
        let draining = drain(body, drained);
        self.deadlines.try_for(MAX_DRAIN_TIME, draining).await
    }

    /// Lets go of a body whose head is enough. Whatever becomes of it, the head is there.
    pub(super) async fn skim(&mut self, body: T::Body) {
        let begun = Instant::now();
        let mut drained = 0;
        let _ = self.drain(body, &mut drained).await;
        self.sizes.wire = drained;
        self.timings.download += begun.elapsed();
    }

    /// Receives a body for the caller.
    pub(super) async fn receive(&mut self, body: T::Body, plan: BodyPlan) -> Result<End, Error> {
        let is_success = self
            .head
            .as_ref()
            .is_some_and(|head| head.status.is_success());
        let sink = Sink::new(&self.options, &plan, is_success, &self.engine.credit)?;
        self.take(body, plan, sink).await?;
        Ok(End::Received)
    }

    /// Receives a body for a file, as far as the answer means that.
    pub(super) async fn save(
        &mut self,
        body: T::Body,
        plan: BodyPlan,
        (answer, mut saving): (Answer, Box<Saving>),
        entry: Option<JournalEntry>,
    ) -> Result<End, Error> {
        let Some(head) = &self.head else {
            return Ok(End::Received);
        };
        match answer {
            // What has no body is no file.
            Answer::Whole if self.request.method != Method::HEAD => {}
            Answer::Rest(_) | Answer::Complete => {}
            Answer::Whole | Answer::None => return self.receive(body, plan).await,
            Answer::Unasked => {
                let detail = "a part of the file came, and nobody asked for one";
                return Err(Error::new(Code::HttpParse, detail));
            }
            Answer::Unchanged => {
                let received = self.receive(body, plan).await?;
                self.is_unchanged = true;
                self.file = saving.unchanged();
                self.sizes.decoded = saving.target.known.map_or(0, |known| known.size);
                return Ok(received);
            }
            Answer::Anew => {
                self.drain(body, &mut 0).await?;
                self.deadlines.hold_back(saving.begin_anew()).await??;
                return Ok(End::Again(Again::at_once(Why::Anew)));
            }
        }
        let file = saving.plan(answer, head, &self.request.url, entry);
        let saved = file.target.path_of(&file.name);
        if answer == Answer::Complete {
            // What comes with it is about the range that was asked for.
            self.drain(body, &mut 0).await?;
            let sink = Sink::file(&self.options, &BodyPlan::nothing(), file).await?;
            self.finish(sink).await?;
            self.sizes.is_decoded = true;
        } else {
            let sink = self
                .deadlines
                .hold_back(Sink::file(&self.options, &plan, file));
            let sink = sink.await??;
            self.take(body, plan, sink).await?;
        }
        self.file = Some(saved);
        Ok(End::Received)
    }

    /// Reads a body to its end, decodes it, and leaves it where `sink` puts it.
    async fn take(&mut self, body: T::Body, plan: BodyPlan, mut sink: Sink) -> Result<(), Error> {
        let begun = Instant::now();
        let is_decoded = plan.is_decoded;
        let filled = self.fill(body, plan, &mut sink).await;
        let taken = match filled {
            Ok(()) => self.finish(sink).await,
            Err(error) => {
                sink.give_up().await;
                Err(error)
            }
        };
        self.timings.download += begun.elapsed();
        self.sizes.is_decoded = taken.is_ok() && is_decoded;
        taken
    }

    async fn finish(&mut self, sink: Sink) -> Result<(), Error> {
        self.sizes.decoded = sink.size();
        self.body = self.deadlines.hold_back(sink.finish()).await??;
        Ok(())
    }

    async fn fill(
        &mut self,
        mut body: T::Body,
        plan: BodyPlan,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        let mut decoder = plan
            .codings
            .map(|codings| Decoder::new(&codings, sink.cap()));
        let mut pace = Pace::new(self.options.min_speed);
        while let Some(piece) = self
            .deadlines
            .hold_piece(&mut pace, body.next_piece())
            .await?
        {
            self.sizes.wire += piece.len() as u64;
            let kept = match &mut decoder {
                None => self.deadlines.hold_back(sink.write_shared(piece)).await,
                Some(decoder) => {
                    let held = decode(piece, decoder, sink);
                    self.deadlines.hold_back(held).await
                }
            };
            self.sizes.decoded = sink.size();
            kept??;
        }
        if let Some(decoder) = &mut decoder {
            decoder.finish()?;
        }
        Ok(())
    }
}

async fn decode(piece: Bytes, decoder: &mut Decoder, sink: &mut Sink) -> Result<(), Error> {
    decoder.feed(piece);
    while let Some(bytes) = decoder.step()? {
        sink.write(bytes).await?;
        // A bomb must not keep others from their turn.
        tokio::task::coop::consume_budget().await;
    }
    Ok(())
}

async fn drain(mut body: impl BodyStream, drained: &mut u64) {
    while let Ok(Some(piece)) = body.next_piece().await {
        *drained += piece.len() as u64;
        if *drained > MAX_DRAINED {
            return;
        }
    }
}

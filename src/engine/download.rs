//! One hop of one job: send, follow or receive, decode, keep. What fails is an outcome too; what is redirected waits again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use url::Url;

use crate::body_plan::BodyPlan;
use crate::deadlines::Deadlines;
use crate::decode::Decoder;
use crate::error::{Code, Error};
use crate::job::{Job, Way};
use crate::options::RequestOptions;
use crate::outcome::{Outcome, Sizes, Timings};
use crate::redirect;
use crate::sink::{Body, Credit, MemorySink};
use crate::transport::{BodyStream, ConnectionCounters, Head, Request, Trace, Transport};

/// A redirect's own body is read up to here to keep the connection; past it, a new one is cheaper.
const MAX_DRAINED: usize = 64 << 10;
const MAX_DRAIN_TIME: Duration = Duration::from_secs(1);

/// What every job of a run works with.
#[derive(Debug)]
pub(crate) struct Engine<T> {
    pub(crate) transport: Arc<T>,
    pub(crate) credit: Arc<Credit>,
    pub(crate) connections: Arc<ConnectionCounters>,
}

/// What a hop came to.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "it is taken apart where it is returned"
)]
pub(crate) enum Step {
    /// The job is done, well or not.
    Done(Outcome),
    /// The job was redirected, and needs a permit for where it goes now.
    Redirected,
}

/// Takes `job` one hop further.
pub(crate) async fn download<T: Transport>(job: &mut Job, engine: &Engine<T>) -> Step {
    let mut hop = Hop::begin(job, engine);
    let error = match hop.run().await {
        Ok(Some(next)) => {
            hop.redirect(job, next);
            return Step::Redirected;
        }
        Ok(None) => None,
        Err(error) => Some(error),
    };
    Step::Done(hop.into_outcome(job, error))
}

/// One request, and what it has come to so far.
struct Hop<'a, T> {
    engine: &'a Engine<T>,
    options: Arc<RequestOptions>,
    deadlines: Deadlines,
    begun: Instant,
    request: Request,
    visited: Vec<Url>,
    spent: Duration,
    head: Option<Head>,
    body: Body,
    sizes: Sizes,
    timings: Timings,
}

impl<'a, T: Transport> Hop<'a, T> {
    fn begin(job: &mut Job, engine: &'a Engine<T>) -> Self {
        let options = Arc::clone(&job.options);
        let way = job
            .way
            .take()
            .map_or_else(|| Way::begin(&options), |way| *way);
        let mut timings = way.timings;
        timings.queue += job.waiting_since.elapsed();
        Self {
            engine,
            deadlines: Deadlines::begin(options.timeouts, way.spent),
            options,
            begun: Instant::now(),
            request: Request {
                method: way.method,
                url: job.url.clone(),
                headers: way.headers,
            },
            visited: way.visited,
            spent: way.spent,
            head: None,
            body: Body::Empty,
            sizes: Sizes::default(),
            timings,
        }
    }

    /// Sends `job` where `next` goes, to wait there for its permit.
    fn redirect(mut self, job: &mut Job, next: Request) {
        self.visited.push(self.request.url);
        job.url = next.url;
        job.waiting_since = Instant::now();
        job.way = Some(Box::new(Way {
            method: next.method,
            headers: next.headers,
            visited: self.visited,
            spent: self.spent + self.begun.elapsed(),
            timings: self.timings,
        }));
    }

    fn into_outcome(mut self, job: &Job, error: Option<Error>) -> Outcome {
        self.timings.total = job.arrived_at.elapsed();
        self.visited.push(self.request.url);
        Outcome {
            index: job.index,
            method: self.options.method.clone(),
            urls: self.visited.into_iter().map(String::from).collect(),
            head: self.head,
            body: self.body,
            sizes: self.sizes,
            attempts: 1,
            timings: self.timings,
            error,
        }
    }

    /// Sends the request, and returns the next one when it is redirected.
    async fn run(&mut self) -> Result<Option<Request>, Error> {
        let (head, body) = self.exchange().await?;
        let next = redirect::follow(&self.request, &head);
        let head = &*self.head.insert(head);
        let Some(next) = next? else {
            let plan = BodyPlan::of(&self.request, head)?;
            return self.receive(body, plan).await.map(|()| None);
        };
        if self.visited.len() >= self.options.max_redirects {
            let detail = format!("more than {} redirects", self.options.max_redirects);
            return Err(Error::new(Code::TooManyRedirects, detail));
        }
        // What breaks off or takes too long costs the connection; where to go has been said.
        self.deadlines.try_for(MAX_DRAIN_TIME, drain(body)).await?;
        Ok(Some(next))
    }

    /// Sends the request and waits for the head of its response.
    async fn exchange(&mut self) -> Result<(Head, T::Body), Error> {
        let counters = Arc::clone(&self.engine.connections);
        let trace = Trace::begin(self.deadlines.connect(), counters);
        let sent = self
            .engine
            .transport
            .send(self.request.clone(), Arc::clone(&trace));
        let answer = self
            .deadlines
            .hold_response(sent, &trace)
            .await
            .and_then(|answer| answer);
        let times = trace.finish(answer.is_ok());
        self.timings.dns += times.dns;
        self.timings.connect += times.connect;
        self.timings.first_byte += times.first_byte;
        self.timings.reused = times.reused;
        answer
    }

    async fn receive(&mut self, body: T::Body, plan: BodyPlan) -> Result<(), Error> {
        let begun = Instant::now();
        let received = self.keep(body, plan).await;
        self.timings.download += begun.elapsed();
        self.body = received?;
        Ok(())
    }

    /// Reads a body to its end, decodes it and keeps it.
    async fn keep(&mut self, mut body: T::Body, plan: BodyPlan) -> Result<Body, Error> {
        let credit = Arc::clone(&self.engine.credit);
        let mut sink = MemorySink::new(self.options.max_body_size, plan.expected_size, credit)?;
        let mut decoder = plan
            .codings
            .map(|codings| Decoder::new(&codings, sink.cap()));
        while let Some(piece) = self.deadlines.hold_piece(body.next_piece()).await?? {
            self.sizes.wire += piece.len() as u64;
            let kept = match &mut decoder {
                None => sink.write_shared(piece),
                Some(decoder) => decode(piece, decoder, &mut sink).await,
            };
            self.sizes.decoded = sink.size();
            kept?;
        }
        if let Some(decoder) = &mut decoder {
            decoder.finish()?;
        }
        self.sizes.is_decoded = plan.is_decoded;
        Ok(sink.finish())
    }
}

async fn decode(piece: Bytes, decoder: &mut Decoder, sink: &mut MemorySink) -> Result<(), Error> {
    decoder.feed(piece);
    while let Some(bytes) = decoder.step()? {
        sink.write(bytes)?;
        // A bomb must not keep others from their turn.
        tokio::task::coop::consume_budget().await;
    }
    Ok(())
}

/// Reads what is left of a redirect's body, so that its connection can be used again.
async fn drain(mut body: impl BodyStream) {
    let mut drained = 0;
    while let Ok(Some(piece)) = body.next_piece().await {
        drained += piece.len();
        if drained > MAX_DRAINED {
            return;
        }
    }
}

//! One job from its first request to its outcome: hop, receive, decode, keep. A job never fails: a failure is an outcome too.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use url::Url;

use crate::body_plan::BodyPlan;
use crate::deadlines::Deadlines;
use crate::error::{Code, Error};
use crate::job::{Job, origin_key};
use crate::limits::Permit;
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

/// Runs `job` to its end. `permit` is one for the job's origin; it moves along with redirects.
pub(crate) async fn download<T: Transport, J>(
    job: &Job,
    permit: &mut Permit<J>,
    engine: &Engine<T>,
) -> Outcome {
    let mut attempt = Attempt::begin(&job.options, engine);
    attempt.timings.queue = job.queued_at.elapsed();
    let error = attempt.run(job, permit).await.err();
    let Attempt {
        redirects,
        head,
        body,
        sizes,
        mut timings,
        ..
    } = attempt;
    timings.total = job.queued_at.elapsed();
    Outcome {
        index: job.index,
        method: job.options.method.clone(),
        request_url: job.url.as_str().to_owned(),
        redirects,
        head,
        body,
        sizes,
        attempts: 1,
        timings,
        error,
    }
}

/// One try, and what it has come to so far.
struct Attempt<'a, T> {
    options: &'a RequestOptions,
    engine: &'a Engine<T>,
    deadlines: Deadlines<'a>,
    redirects: Vec<Url>,
    head: Option<Head>,
    body: Body,
    sizes: Sizes,
    timings: Timings,
}

impl<'a, T: Transport> Attempt<'a, T> {
    fn begin(options: &'a RequestOptions, engine: &'a Engine<T>) -> Self {
        Self {
            options,
            engine,
            deadlines: Deadlines::begin(&options.timeouts),
            redirects: Vec::new(),
            head: None,
            body: Body::Empty,
            sizes: Sizes::default(),
            timings: Timings::default(),
        }
    }

    async fn run<J>(&mut self, job: &Job, permit: &mut Permit<J>) -> Result<(), Error> {
        let mut request = Request {
            method: self.options.method.clone(),
            url: job.url.clone(),
            headers: self.options.headers.clone(),
        };
        loop {
            let (head, body) = self.exchange(&request).await?;
            let next = redirect::follow(&request, &head);
            let head = &*self.head.insert(head);
            let Some(next) = next? else {
                let plan = BodyPlan::of(&request, head)?;
                return self.receive(body, plan).await;
            };
            drain(body).await;
            self.hop(&next, permit).await?;
            self.head = None;
            request = next;
        }
    }

    /// Sends `request` and waits for the head of its response.
    async fn exchange(&mut self, request: &Request) -> Result<(Head, T::Body), Error> {
        let counters = Arc::clone(&self.engine.connections);
        let trace = Trace::begin(self.deadlines.connect(), counters);
        let sent = self
            .engine
            .transport
            .send(request.clone(), Arc::clone(&trace));
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
        self.sizes.is_decoded = plan.is_decoded;
        let credit = Arc::clone(&self.engine.credit);
        let mut sink = MemorySink::new(self.options.max_body_size, plan.expected_size, credit)?;
        let mut decoder = plan.decoder;
        while let Some(piece) = self.deadlines.hold_piece(body.next_piece()).await?? {
            self.sizes.wire += piece.len() as u64;
            let kept = match &mut decoder {
                None => sink.write_shared(piece),
                Some(decoder) => decoder.write(&piece, &mut |bytes| sink.write(bytes)),
            };
            self.sizes.decoded = sink.size();
            kept?;
        }
        if let Some(decoder) = &mut decoder {
            decoder.finish()?;
        }
        Ok(sink.finish())
    }

    /// Moves on to `next`, with a permit for its origin.
    async fn hop<J>(&mut self, next: &Request, permit: &mut Permit<J>) -> Result<(), Error> {
        if self.redirects.len() >= self.options.max_redirects {
            let detail = format!("more than {} redirects", self.options.max_redirects);
            return Err(Error::new(Code::TooManyRedirects, detail));
        }
        self.redirects.push(next.url.clone());
        let begun = Instant::now();
        permit.move_to(origin_key(&next.url)).await;
        self.timings.queue += begun.elapsed();
        self.deadlines.put_off(begun.elapsed());
        Ok(())
    }
}

/// Reads what is left of a redirect's body, so that its connection can be used again.
async fn drain(mut body: impl BodyStream) {
    let whole = async {
        let mut drained = 0;
        while let Ok(Some(piece)) = body.next_piece().await {
            drained += piece.len();
            if drained > MAX_DRAINED {
                break;
            }
        }
    };
    // What breaks off or takes too long costs the connection; where to go has been said.
    let _ = timeout(MAX_DRAIN_TIME, whole).await;
}

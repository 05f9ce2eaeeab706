//! One hop of one job: send, follow or receive, decode, keep. What fails is an outcome too; what is redirected, or is to be
//! tried again, waits for its turn.

mod body;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, SystemTime};

use http::header::{COOKIE, HeaderName, RANGE};
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;
use url::Url;

use crate::body_plan::{self, BodyPlan};
use crate::cookies::CookieJar;
use crate::deadlines::{Deadlines, Due};
use crate::error::{Code, Error, Phase};
use crate::fields;
use crate::host_rules::HostRules;
use crate::job::{Job, Way, origin_key};
use crate::keeper::Keep;
use crate::limits::{Contact, Report, Rests, Signal};
use crate::options::{RequestOptions, ResponseType};
use crate::outcome::{Outcome, Sizes, Timings};
use crate::redirect;
use crate::retry::{self, Again, Budget, Tries, Trouble, Why};
use crate::retry_after::asked_wait;
use crate::save::{Answer, Saving};
use crate::sink::{Body, Credit};
use crate::stats::{Troubles, authority};
use crate::transport::{ConnectionCounters, Failure, Head, Repeat, Request, Trace, Transport};

/// What every job of a run works with.
#[derive(Debug)]
pub(crate) struct Engine<T> {
    pub(crate) transport: Arc<T>,
    pub(crate) credit: Arc<Credit>,
    pub(crate) connections: Arc<ConnectionCounters>,
    pub(crate) rests: Arc<Rests>,
    pub(crate) troubles: Arc<Troubles>,
    /// The client's, if it keeps cookies.
    pub(crate) cookies: Option<Arc<CookieJar>>,
    /// Headers that are not for another origin, besides credentials.
    pub(crate) sensitive_headers: Arc<[HeaderName]>,
    /// Headers for some hosts. Of those further back, each replaces one before.
    pub(crate) host_headers: Vec<Arc<HostRules<HeaderMap>>>,
    pub(crate) budget: Budget,
    /// Nothing is started any more.
    pub(crate) is_stopping: Arc<AtomicBool>,
    /// When the run is to be done.
    pub(crate) deadline: Option<Due>,
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
    /// The job goes on after this time, and needs a permit for where it goes.
    GoesOn(Duration),
}

/// How a hop ended.
#[expect(
    clippy::large_enum_variant,
    reason = "it is taken apart where it is returned"
)]
enum End {
    Received,
    Redirected(Request),
    Again(Again),
}

/// Takes `job` one hop further.
pub(crate) async fn download<T: Transport>(job: &mut Job, engine: &Engine<T>) -> (Step, Report) {
    let mut hop = Hop::begin(job, engine);
    let ended = hop.run(job.keep.as_deref()).await;
    let report = hop.report(ended.as_ref().err());
    let ended = ended.or_else(|error| match hop.try_again(&error) {
        Some(again) => Ok(End::Again(again)),
        None => Err(error),
    });
    let step = match ended {
        Ok(End::Received) => Step::Done(hop.into_outcome(job, None)),
        Ok(End::Redirected(next)) => hop.redirect(job, next),
        Ok(End::Again(again)) => hop.again(job, again),
        Err(error) => Step::Done(hop.into_outcome(job, Some(error))),
    };
    (step, report)
}

/// One request, and what it has come to so far.
struct Hop<'a, T> {
    engine: &'a Engine<T>,
    options: Arc<RequestOptions>,
    deadlines: Deadlines,
    begun: Instant,
    /// Without what is for its host alone, so that nothing of it is there at the next one.
    request: Request,
    visited: Vec<Url>,
    /// Tries that were begun when it was redirected away from each.
    tries_before: Vec<u16>,
    spent: Duration,
    held_back: Duration,
    tries: Tries,
    head: Option<Head>,
    /// How it may be repeated, if there was no response.
    repeat: Option<Repeat>,
    body: Body,
    /// What it has to do with a file, if its body goes to one.
    saving: Option<Box<Saving>>,
    file: Option<String>,
    /// It is finished, and nothing of it is new.
    is_unchanged: bool,
    sizes: Sizes,
    timings: Timings,
}

impl<'a, T: Transport> Hop<'a, T> {
    fn begin(job: &mut Job, engine: &'a Engine<T>) -> Self {
        let options = Arc::clone(&job.options);
        let item = job.own_due();
        let mut way = if let Some(way) = job.way.take() {
            *way
        } else {
            engine.budget.count_request();
            Way::begin(&options)
        };
        if !way.is_same_try {
            way.tries.begun = way.tries.begun.saturating_add(1);
        }
        let mut timings = way.timings;
        timings.queue += job.waiting_since.elapsed();
        Self {
            engine,
            deadlines: Deadlines::begin(options.timeouts, way.spent, item, engine.deadline),
            options,
            begun: Instant::now(),
            request: Request {
                method: way.method,
                url: job.url.clone(),
                headers: way.headers,
                body: way.body,
                is_fresh: way.is_fresh,
            },
            visited: way.visited,
            tries_before: way.tries_before,
            spent: way.spent,
            held_back: way.held_back,
            tries: way.tries,
            head: None,
            repeat: None,
            body: Body::Empty,
            saving: None,
            file: None,
            is_unchanged: false,
            sizes: Sizes::default(),
            timings,
        }
    }

    /// Sends `job` where `next` goes, to wait there for its permit.
    fn redirect(mut self, job: &mut Job, next: Request) -> Step {
        let from = std::mem::replace(&mut self.request, next);
        self.visited.push(from.url);
        self.tries_before.push(self.tries.begun);
        self.spent += self.spent_here();
        self.go_on(job, true, Duration::ZERO)
    }

    /// Lets `job` wait, and then send the same once more.
    fn again(mut self, job: &mut Job, again: Again) -> Step {
        self.tries.count(again.why);
        let is_same_try = again.why.is_same_try();
        self.spent = if is_same_try {
            self.spent + self.spent_here()
        } else {
            Duration::ZERO
        };
        self.request.is_fresh = again.why == Why::Repeat(Repeat::Fresh);
        self.go_on(job, is_same_try, again.after)
    }

    /// The time of the attempt that this hop used up.
    fn spent_here(&self) -> Duration {
        let held_back = self.deadlines.held_back();
        self.begun.elapsed().saturating_sub(held_back)
    }

    fn go_on(self, job: &mut Job, is_same_try: bool, after: Duration) -> Step {
        job.url = self.request.url;
        job.waiting_since = Instant::now();
        job.way = Some(Box::new(Way {
            method: self.request.method,
            headers: self.request.headers,
            body: self.request.body,
            is_fresh: self.request.is_fresh,
            visited: self.visited,
            tries_before: self.tries_before,
            spent: self.spent,
            held_back: self.held_back + self.deadlines.held_back(),
            timings: self.timings,
            tries: self.tries,
            is_same_try,
        }));
        Step::GoesOn(after)
    }

    fn into_outcome(mut self, job: &mut Job, error: Option<Error>) -> Outcome {
        self.timings.total = job.arrived_at.elapsed();
        self.visited.push(self.request.url);
        let entry = job.keep.take().and_then(|keep| keep.entry);
        Outcome {
            index: job.index,
            method: Some(self.options.method.clone()),
            urls: self.visited.into_iter().map(String::from).collect(),
            head: self.head,
            body: self.body,
            file: self.file,
            sizes: self.sizes,
            attempts: self.tries.begun,
            tries_before: self.tries_before,
            timings: self.timings,
            error,
            is_from_journal: false,
            is_unchanged: self.is_unchanged,
            entry,
        }
    }

    /// What the limits are to know of it.
    fn report(&self, error: Option<&Error>) -> Report {
        let phase = error.and_then(|error| error.phase);
        let is_timeout = phase.is_some_and(|p| !matches!(p, Phase::Total | Phase::Deadline));
        let is_shortage = error.is_some_and(|error| retry::is_shortage(error.code));
        let status = self.head.as_ref().map(|head| head.status);
        let is_busy = status.is_some_and(asks_for_rest);
        // A server that fails fast does not answer fast.
        let is_broken = status.is_some_and(|status| status.is_server_error());
        Report {
            signal: match error {
                _ if is_busy || is_timeout || is_shortage => Signal::Busy,
                Some(_) => Signal::Failed,
                None if is_broken => Signal::Failed,
                None => Signal::Good,
            },
            contact: match phase {
                _ if self.head.is_some() => Contact::Answered,
                Some(Phase::Connect) => Contact::ConnectTimedOut,
                _ => Contact::Unknown,
            },
            is_shortage,
        }
    }

    /// Another try after `error`, if there is to be one.
    fn try_again(&self, error: &Error) -> Option<Again> {
        let again = self.decide(Trouble::Failure(error, self.repeat))?;
        if again.why == Why::Shortage {
            self.engine.transport.close_idle();
        }
        Some(again)
    }

    /// Another try after a response with `head`, if there is to be one. A host that asks for it is left alone.
    fn try_again_after(&self, head: &Head) -> Option<Again> {
        let origin = origin_key(&self.request.url);
        let wait = rest_asked_by(head);
        match wait {
            Some(wait) if !self.may_wait(wait) => {
                self.engine.rests.close(origin, wait);
                // This answer is all that there is from it.
                return None;
            }
            Some(wait) => {
                let added = self.engine.rests.pause(origin, wait);
                if let Some(host) = authority(origin) {
                    self.engine.troubles.pause(host, added);
                }
            }
            None => {}
        }
        self.decide(Trouble::Status(head.status, wait))
    }

    fn decide(&self, trouble: Trouble<'_>) -> Option<Again> {
        if self.engine.is_stopping.load(Relaxed) {
            return None;
        }
        let policy = &self.options.retry;
        let again = retry::decide(policy, &self.request.method, trouble, &self.tries)?;
        let is_free = again.why != Why::Retry;
        if !is_free && !self.engine.budget.take(policy.budget) {
            return None;
        }
        if !again.why.is_same_try() {
            self.engine.troubles.retry(trouble.cause());
        }
        Some(again)
    }

    /// Sends the request, and receives what comes unless it is redirected or tried again.
    async fn run(&mut self, keep: Option<&Keep>) -> Result<End, Error> {
        if let Some(target) = keep.and_then(|keep| keep.target.clone()) {
            let first = self
                .visited
                .first()
                .unwrap_or(&self.request.url)
                .to_string();
            let mut saving = Box::new(Saving::begin(target, &self.request, first));
            if saving.may_resume() {
                let resumed = Box::pin(saving.resume());
                self.deadlines.hold_back(resumed).await??;
            }
            self.saving = Some(saving);
        }
        let mut request = self.outgoing()?;
        let decodes = self.options.decompress && !request.headers.contains_key(RANGE);
        if let Some(saving) = &self.saving {
            saving.ask(&mut request.headers);
        }
        let (head, body) = self.exchange(request).await?;
        if let Some(again) = self.try_again_after(&head) {
            self.head = Some(head);
            // The attempt is over with this; the item's own time passes while it waits.
            let _ = self.drain(body, &mut 0).await;
            return Ok(End::Again(again));
        }
        let (mode, sensitive) = (self.options.redirect, &self.engine.sensitive_headers);
        let next = redirect::follow(&self.request, &head, mode, sensitive);
        let head = &*self.head.insert(head);
        let Some(next) = next? else {
            body_plan::refuse_switch(head)?;
            if self.options.response_type == ResponseType::Head {
                self.skim(body).await;
                return Ok(End::Received);
            }
            let answer = self.saving.as_ref().map(|saving| saving.read(head));
            let decodes = decodes && !matches!(answer, Some(Answer::Rest(_)));
            let plan = BodyPlan::of(&self.request.method, head, decodes)?;
            return match (answer, self.saving.take()) {
                (Some(answer), Some(saving)) => {
                    let entry = keep.and_then(|keep| keep.entry.clone());
                    Box::pin(self.save(body, plan, (answer, saving), entry)).await
                }
                _ => self.receive(body, plan).await,
            };
        };
        if self.visited.len() >= self.options.max_redirects {
            let detail = format!("more than {} redirects", self.options.max_redirects);
            return Err(Error::new(Code::TooManyRedirects, detail));
        }
        self.drain(body, &mut 0).await?;
        Ok(End::Redirected(next))
    }

    /// The request as it goes out, with what is for its host alone.
    fn outgoing(&self) -> Result<Request, Error> {
        let mut request = self.request.clone();
        let content_type = self.options.content_type.as_ref();
        let content_type = content_type.filter(|_| request.body.is_some());
        if let Some(said) = content_type.filter(|said| !said.is_default) {
            fields::set_content_type(&mut request.headers, said);
        }
        if !self.engine.host_headers.is_empty() {
            let rules = &self.engine.host_headers;
            fields::set_for_host(&mut request, rules, &self.options.own_headers)?;
            fields::ask_for_codings(&mut request.headers, self.options.decompress);
        }
        // A default gives way to what a rule for the host says.
        if let Some(said) = content_type {
            fields::set_content_type(&mut request.headers, said);
        }
        if let Some(jar) = &self.engine.cookies
            && !request.headers.contains_key(COOKIE)
            && let Some(field) = jar.field_for(&request.url)
        {
            request.headers.insert(COOKIE, field);
        }
        Ok(request)
    }

    fn may_wait(&self, wait: Duration) -> bool {
        self.options
            .retry
            .max_retry_after
            .is_none_or(|max| wait <= max)
    }

    /// Sends `request` and waits for the head of its response.
    async fn exchange(&mut self, request: Request) -> Result<(Head, T::Body), Error> {
        let counters = Arc::clone(&self.engine.connections);
        let trace = Trace::begin(self.deadlines.connect(), counters);
        let sent = self.engine.transport.send(request, Arc::clone(&trace));
        let answer = self
            .deadlines
            .hold_response(sent, &trace)
            .await
            .unwrap_or_else(|error| Err(error.into()));
        let times = trace.finish(answer.is_ok());
        self.timings.dns += times.dns;
        self.timings.connect += times.connect;
        self.timings.first_byte += times.first_byte;
        self.timings.reused = times.reused;
        if let (Some(jar), Ok((head, _))) = (&self.engine.cookies, &answer) {
            jar.keep(&self.request.url, &head.headers);
        }
        answer.map_err(|Failure { error, repeat }| {
            self.repeat = repeat;
            error
        })
    }
}

/// How long the host asks to be left alone. No time at all is nothing to go by.
fn rest_asked_by(head: &Head) -> Option<Duration> {
    let asks = asks_for_rest(head.status);
    let wait = asks.then(|| asked_wait(&head.headers, SystemTime::now()))?;
    wait.filter(|wait| !wait.is_zero())
}

/// The statuses with which a server says that it is too much (RFC 6585 §4, RFC 9110 §15.6.4).
fn asks_for_rest(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    )
}

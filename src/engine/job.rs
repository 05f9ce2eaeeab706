//! One item of the caller's list as work to do: where it stands in the list, its URL and its options.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use tokio::time::Instant;
use url::Url;

use crate::credentials::{shown, take_credentials, without_credentials};
use crate::deadlines::{Due, due};
use crate::error::{Code, Error, Phase};
use crate::keeper::Keep;
use crate::options::RequestOptions;
use crate::outcome::{Outcome, Refused, Timings};
use crate::retry::Tries;

/// The longest URL that is sent, in bytes. Servers stop far earlier.
const MAX_URL_LENGTH: usize = 64 << 10;

/// One item as the caller gave it. Of a long list there are many at once, and few have options of their own.
#[derive(Debug)]
pub struct Input {
    /// The URL's text.
    pub url: String,
    /// The item's options in full, or what is wrong with them; `None` for those of the run.
    pub options: Option<Result<Box<RequestOptions>, Error>>,
    /// What the file is to be called that its body is saved to: a path in the run's folder, or, where it has none, an absolute one.
    pub file: Option<String>,
}

/// One item that can be sent, or that has come some way already and waits to go on.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) index: u32,
    /// Where it goes next.
    pub(crate) url: Url,
    pub(crate) options: Arc<RequestOptions>,
    pub(crate) arrived_at: Instant,
    /// Since when it has been waiting for a permit.
    pub(crate) waiting_since: Instant,
    /// How far it has come. Nothing for most of a long list, which is to stay small.
    pub(crate) way: Option<Box<Way>>,
    /// What is kept of it besides its result.
    pub(crate) keep: Option<Box<Keep>>,
}

/// How far a job has come, by redirects and by tries.
#[derive(Debug)]
pub(crate) struct Way {
    /// The method, the header fields and the body that the last redirect left.
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    /// Where it has been, first where it was asked to go.
    pub(crate) visited: Vec<Url>,
    /// Tries that were begun when it was redirected away from each.
    pub(crate) tries_before: Vec<u16>,
    /// How much of the attempt's time is used up.
    pub(crate) spent: Duration,
    /// How long we held its transfers back ourselves.
    pub(crate) held_back: Duration,
    pub(crate) timings: Timings,
    pub(crate) tries: Tries,
    /// The next hop belongs to the try that was begun.
    pub(crate) is_same_try: bool,
    /// The next hop is to go over a connection of its own.
    pub(crate) is_fresh: bool,
}

impl Way {
    /// The way of a job that has not begun.
    pub(crate) fn begin(options: &RequestOptions) -> Self {
        Self {
            method: options.method.clone(),
            headers: options.headers.clone(),
            body: options.body.clone(),
            visited: Vec::new(),
            tries_before: Vec::new(),
            spent: Duration::ZERO,
            held_back: Duration::ZERO,
            timings: Timings::default(),
            tries: Tries::default(),
            is_same_try: false,
            is_fresh: false,
        }
    }
}

impl Job {
    /// The job of the item at `index`, or why there is none.
    pub(crate) fn new(
        index: u32,
        input: Input,
        arrived_at: Instant,
        run: &Arc<RequestOptions>,
    ) -> Result<Job, Box<Refused>> {
        let parsed = parse(&input.url);
        let refuse = |method: Option<&Method>, url: String, error| {
            let method = method.cloned();
            Box::new(Refused {
                index,
                method,
                url,
                error,
            })
        };
        let options = match input.options {
            None => Arc::clone(run),
            Some(Ok(options)) => Arc::new(*options),
            Some(Err(error)) => {
                let url = parsed.map_or_else(|_| shown(&input.url), without_credentials);
                return Err(refuse(None, url, error));
            }
        };
        let method = Some(&options.method);
        let mut url = parsed.map_err(|error| refuse(method, shown(&input.url), error))?;
        let options = take_credentials(&mut url, options);
        url.set_fragment(None);
        Ok(Job {
            index,
            url,
            options,
            arrived_at,
            waiting_since: arrived_at,
            way: None,
            keep: None,
        })
    }

    /// Where no host has headers of its own, it makes no difference who gave which: equal requests are to be equal.
    pub(crate) fn forget_whose_headers(&mut self) {
        if !self.options.own_headers.is_empty() {
            Arc::make_mut(&mut self.options).own_headers.clear();
        }
    }

    /// When the job is to be done, whatever it waits for: the first of its own time and the run's.
    pub(crate) fn due(&self, deadline: Option<Due>) -> Option<Due> {
        let own = self.own_due().into_iter();
        own.chain(deadline).min_by_key(|(at, ..)| *at)
    }

    /// When its own time is over, in which nothing counts for which it was held back.
    pub(crate) fn own_due(&self) -> Option<Due> {
        let held_back = self
            .way
            .as_ref()
            .map_or(Duration::ZERO, |way| way.held_back);
        let since = self.arrived_at.checked_add(held_back)?;
        due(since, Phase::Total, self.options.timeouts.total)
    }

    /// What a job comes to that is given up while it waits.
    pub(crate) fn into_outcome(self, error: Error) -> Outcome {
        let way = self
            .way
            .map_or_else(|| Way::begin(&self.options), |way| *way);
        let mut urls = way.visited;
        urls.push(self.url);
        let mut timings = way.timings;
        timings.queue += self.waiting_since.elapsed();
        timings.total = self.arrived_at.elapsed();
        Outcome {
            method: Some(self.options.method.clone()),
            urls: urls.into_iter().map(String::from).collect(),
            attempts: way.tries.begun,
            tries_before: way.tries_before,
            timings,
            entry: self.keep.and_then(|keep| keep.entry),
            ..Outcome::refused(Refused {
                index: self.index,
                method: None,
                url: String::new(),
                error,
            })
        }
    }
}

/// Parses an address that can be fetched, by the WHATWG URL standard.
pub(crate) fn parse(text: &str) -> Result<Url, Error> {
    if text.len() > MAX_URL_LENGTH {
        return Err(Error::new(
            Code::InvalidUrl,
            format!("the URL is longer than {MAX_URL_LENGTH} bytes"),
        ));
    }
    let url = Url::parse(text)
        .map_err(|error| Error::new(Code::InvalidUrl, format!("invalid URL: {error}")))?;
    check_scheme(&url)?;
    Ok(url)
}

/// Refuses every scheme but http and https.
pub(crate) fn check_scheme(url: &Url) -> Result<(), Error> {
    match url.scheme() {
        "http" | "https" => Ok(()),
        other => {
            let detail =
                format!("the protocol '{other}:' is not supported, only http: and https: are");
            Err(Error::new(Code::UnsupportedProtocol, detail))
        }
    }
}

/// Scheme, host and port: what limits and credentials hold for.
pub(crate) fn origin_key(url: &Url) -> &str {
    &url[..url::Position::BeforePath]
}

#[cfg(test)]
mod tests {
    use http::header::AUTHORIZATION;

    use super::*;

    fn job(url: &str) -> Result<Job, Box<Refused>> {
        Job::new(
            0,
            Input {
                url: url.into(),
                options: None,
                file: None,
            },
            Instant::now(),
            &Arc::default(),
        )
    }

    #[test]
    fn credentials_leave_the_url_and_become_a_header() {
        let job = job("http://us%40er:pa:ss@localhost/a").expect("it is a URL");
        assert_eq!(job.url.as_str(), "http://localhost/a");
        assert_eq!(job.options.headers[AUTHORIZATION], "Basic dXNAZXI6cGE6c3M=");
    }

    #[test]
    fn only_http_and_https_are_fetched() {
        for url in [
            "ftp://localhost/",
            "file:///etc/passwd",
            "data:,a",
            "javascript:1",
        ] {
            let refused = job(url).expect_err("it cannot be fetched");
            assert_eq!(refused.error.code, Code::UnsupportedProtocol, "{url}");
        }
        assert!(job("HTTP://LOCALHOST").is_ok());
    }

    #[test]
    fn an_endless_url_is_refused_without_being_repeated() {
        let refused =
            job(&format!("http://localhost/{}", "a".repeat(1 << 20))).expect_err("too long");
        assert_eq!(refused.error.code, Code::InvalidUrl);
        assert!(refused.url.len() <= 256 && refused.error.detail.len() < 100);
    }

    #[test]
    fn hosts_are_told_apart_by_scheme_host_and_port() {
        let key = |url| origin_key(&parse(url).expect("it is a URL")).to_owned();
        assert_eq!(key("http://LOCALHOST:80/a?b"), "http://localhost");
        assert_ne!(key("http://localhost/"), key("https://localhost/"));
        assert_ne!(key("http://localhost/"), key("http://localhost:81/"));
    }
}

//! What each host answers: `/page/I`, `/bytes/N`, `/delay/MS` and `/status/CODE`.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Body as _;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use manyfetch_origin::{Body, clock};

use super::pages::Pages;

/// One host: its name, and what it shares with the other.
pub(crate) struct Host {
    pub(crate) name: char,
    pub(crate) pages: Arc<Pages>,
    pub(crate) server_times: Arc<[Duration]>,
}

impl Host {
    /// Answers whatever the method is; HEAD gets the head alone.
    pub(crate) async fn answer<B>(self: Arc<Self>, request: Request<B>) -> Response<Body> {
        let response = self
            .route(request.uri().path())
            .await
            .unwrap_or_else(|| status(StatusCode::NOT_FOUND));
        if request.method() == Method::HEAD {
            head_of(response)
        } else {
            response
        }
    }

    async fn route(&self, path: &str) -> Option<Response<Body>> {
        let (route, value) = path.strip_prefix('/')?.split_once('/')?;
        match route {
            "page" => Some(self.page(value.parse().ok()?).await),
            "bytes" => {
                let bytes = self.pages.bytes(value.parse().ok()?)?;
                Some(content("application/octet-stream", bytes.into()))
            }
            "delay" => {
                clock::sleep(Duration::from_millis(value.parse::<u32>().ok()?.into())).await;
                Some(status(StatusCode::OK))
            }
            "status" => value
                .parse()
                .ok()
                .filter(|code: &StatusCode| !code.is_informational())
                .map(status),
            _ => None,
        }
    }

    async fn page(&self, link: u64) -> Response<Body> {
        clock::sleep(self.server_time(link)).await;
        content(
            "text/html; charset=utf-8",
            self.pages.page(self.name, link).into(),
        )
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the remainder is below a usize"
    )]
    fn server_time(&self, link: u64) -> Duration {
        self.server_times[(link % self.server_times.len() as u64) as usize]
    }
}

/// A response of this status and nothing else.
pub(crate) fn status(code: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = code;
    response
}

fn content(kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// Over HTTP/2, hyper would send the body of a response to HEAD.
fn head_of(response: Response<Body>) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    if let Some(length @ 1..) = body.size_hint().exact() {
        head.headers.insert(CONTENT_LENGTH, length.into());
    }
    Response::from_parts(head, Body::empty())
}

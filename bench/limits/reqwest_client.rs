//! Plain reqwest: one client, `chunk()` until there is none.

use std::time::Duration;

use reqwest::redirect::Policy;

use crate::client::{BoxError, Client, Received};
use crate::scenario::{Http, Library, Scenario};
use crate::tls;

const TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) struct Reqwest(reqwest::Client);

impl Reqwest {
    pub(crate) fn new(scenario: &Scenario) -> Result<Self, BoxError> {
        let mut tls = tls::config(scenario.ca.as_deref())?;
        tls.alpn_protocols = match scenario.http {
            Http::Http1 => vec![b"http/1.1".to_vec()],
            Http::Http2 => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        };
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy();
        if scenario.http == Http::Http1 {
            builder = builder.http1_only();
        }
        if scenario.options.client == Library::ReqwestTimeout {
            builder = builder.timeout(TIMEOUT);
        }
        Ok(Self(builder.build()?))
    }
}

impl Client for Reqwest {
    async fn get(&self, url: &str, body: &mut Received) -> Result<u16, BoxError> {
        let mut response = self.0.get(url).send().await?;
        body.expect(response.content_length());
        while let Some(chunk) = response.chunk().await? {
            body.add(&chunk);
        }
        Ok(response.status().as_u16())
    }
}

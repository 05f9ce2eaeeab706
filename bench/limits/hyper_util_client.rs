//! Plain hyper-util: its client with a pool, over hyper-rustls, frame by frame.

use http_body_util::{BodyExt, Empty};
use hyper::Uri;
use hyper::body::{Body, Bytes};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::client::{BoxError, Client, Received};
use crate::scenario::{Http, Scenario};
use crate::tls;

pub(crate) struct HyperUtil(legacy::Client<HttpsConnector<HttpConnector>, Empty<Bytes>>);

impl HyperUtil {
    pub(crate) fn new(scenario: &Scenario) -> Result<Self, BoxError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let tls = HttpsConnectorBuilder::new()
            .with_tls_config(tls::config(scenario.ca.as_deref())?)
            .https_or_http();
        let connector = match scenario.http {
            Http::Http1 => tls.enable_http1().wrap_connector(tcp),
            Http::Http2 => tls.enable_all_versions().wrap_connector(tcp),
        };
        let client = legacy::Client::builder(TokioExecutor::new())
            .retry_canceled_requests(false)
            .build(connector);
        Ok(Self(client))
    }
}

impl Client for HyperUtil {
    async fn get(&self, url: &str, body: &mut Received) -> Result<u16, BoxError> {
        let mut response = self.0.get(url.parse::<Uri>()?).await?;
        body.expect(response.body().size_hint().exact());
        while let Some(frame) = response.frame().await {
            if let Some(chunk) = frame?.data_ref() {
                body.add(chunk);
            }
        }
        Ok(response.status().as_u16())
    }
}

//! What a server shows who connects: one certificate, or that of the address which was connected to.

use std::net::IpAddr;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::server::{ResolvesServerCert, ResolvesServerCertUsingSni};
use tokio_rustls::rustls::sign::SingleCertAndKey;

use crate::address_certificates::AddressCertificates;
use crate::certificate::Certificate;

#[derive(Debug)]
pub(crate) struct Tls {
    config: Arc<ServerConfig>,
    by_address: Option<AddressCertificates>,
}

impl Tls {
    pub(crate) fn with_one(certificate: &Certificate) -> Self {
        Self {
            config: config(Arc::new(SingleCertAndKey::from(
                certificate.certified_key(),
            ))),
            by_address: None,
        }
    }

    pub(crate) fn by_address(certificates: AddressCertificates) -> Self {
        Self {
            // Knows no certificate: who connects to an address names no server, so rustls cannot choose by itself.
            config: config(Arc::new(ResolvesServerCertUsingSni::new())),
            by_address: Some(certificates),
        }
    }

    pub(crate) fn offer(&mut self, alpn: &[&[u8]]) {
        let names = alpn.iter().map(|name| name.to_vec()).collect();
        Arc::make_mut(&mut self.config).alpn_protocols = names;
    }

    /// For a connection to `address`.
    pub(crate) fn acceptor(&self, address: IpAddr) -> TlsAcceptor {
        let mut config = Arc::clone(&self.config);
        if let Some(certificates) = &self.by_address {
            Arc::make_mut(&mut config).cert_resolver = certificates.of(address);
        }
        config.into()
    }
}

#[expect(clippy::expect_used, reason = "the provider supports its own versions")]
fn config(certificates: Arc<dyn ResolvesServerCert>) -> Arc<ServerConfig> {
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider's own versions")
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    Arc::new(config)
}

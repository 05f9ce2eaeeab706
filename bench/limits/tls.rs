//! The TLS configuration of both clients: rustls over aws-lc, as the engine has it, and nobody trusted but the scenario's
//! authority.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::client::BoxError;

/// A configuration that leaves ALPN to the client.
pub(crate) fn config(ca: Option<&str>) -> Result<ClientConfig, BoxError> {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = ca {
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes())?)?;
    }
    Ok(
        ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth(),
    )
}

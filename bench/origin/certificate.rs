//! Certificates made on the spot: a small authority, which clients get to trust, and a server's certificate that it signed.
//! A self-signed one would do for some clients and trip others.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A server's certificate with its key, and the authority that signed it.
#[derive(Debug)]
pub struct Certificate {
    ca_pem: String,
    leaf: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Certificate {
    /// A certificate for these DNS names and IP addresses.
    ///
    /// # Panics
    ///
    /// When a name is none.
    #[expect(
        clippy::expect_used,
        reason = "a test that cannot have its certificate has failed"
    )]
    pub fn for_names<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self::try_for_names(names.into_iter().map(Into::into).collect())
            .expect("names that a certificate can hold")
    }

    fn try_for_names(names: Vec<String>) -> Result<Self, rcgen::Error> {
        let ca = CertifiedIssuer::self_signed(ca_params()?, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let leaf = leaf_params(names)?.signed_by(&key, &ca)?;
        Ok(Self {
            ca_pem: ca.pem(),
            leaf: leaf.der().clone(),
            key: key.into(),
        })
    }

    /// The authority's certificate, for the client to trust.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    #[expect(
        clippy::expect_used,
        reason = "the certificate and its key are of one making"
    )]
    pub(crate) fn server_config(&self) -> ServerConfig {
        ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider's own versions")
            .with_no_client_auth()
            .with_single_cert(vec![self.leaf.clone()], self.key.clone_key())
            .expect("a certificate with its own key")
    }
}

fn ca_params() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params
        .distinguished_name
        .push(DnType::CommonName, "manyfetch test authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn leaf_params(names: Vec<String>) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "manyfetch test origin");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Python's strict verification asks for it.
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

//! Certificates made on the spot: a small authority, which clients get to trust, and servers' certificates that it signed.
//! A self-signed one would do for some clients and trip others.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;

/// Signs the certificates of servers.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// An authority with a key that nobody else has.
    ///
    /// # Panics
    ///
    /// When the system gives no random numbers.
    #[expect(
        clippy::expect_used,
        reason = "a test that cannot have its certificate has failed"
    )]
    pub fn generate() -> Self {
        Self::try_generate().expect("a key and its certificate")
    }

    /// A certificate for these DNS names and IP addresses, with a key of its own.
    ///
    /// # Panics
    ///
    /// When a name is none.
    #[expect(
        clippy::expect_used,
        reason = "a test that cannot have its certificate has failed"
    )]
    pub fn certificate<N: Into<String>>(&self, names: impl IntoIterator<Item = N>) -> Certificate {
        self.try_certificate(names.into_iter().map(Into::into).collect())
            .expect("names that a certificate can hold")
    }

    fn try_generate() -> Result<Self, rcgen::Error> {
        let issuer = CertifiedIssuer::self_signed(ca_params()?, KeyPair::generate()?)?;
        Ok(Self { issuer })
    }

    fn try_certificate(&self, names: Vec<String>) -> Result<Certificate, rcgen::Error> {
        let key = KeyPair::generate()?;
        let leaf = leaf_params(names)?.signed_by(&key, &self.issuer)?;
        Ok(Certificate {
            ca_pem: self.issuer.pem(),
            leaf: leaf.der().clone(),
            key: key.into(),
        })
    }
}

/// A server's certificate with its key, and the authority that signed it.
#[derive(Debug)]
pub struct Certificate {
    ca_pem: String,
    leaf: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Certificate {
    /// A certificate for these DNS names and IP addresses, by an authority of its own.
    ///
    /// # Panics
    ///
    /// When a name is none.
    pub fn for_names<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Authority::generate().certificate(names)
    }

    /// The authority's certificate, for the client to trust.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    #[expect(
        clippy::expect_used,
        reason = "the certificate and its key are of one making"
    )]
    pub(crate) fn certified_key(&self) -> CertifiedKey {
        let chain = vec![self.leaf.clone()];
        CertifiedKey::from_der(chain, self.key.clone_key(), &aws_lc_rs::default_provider())
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

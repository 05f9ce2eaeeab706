//! The TLS configuration: whom we trust, and why a certificate was refused, in Node's words.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, Error as Fault, KeyUsage, anchor_from_trusted_cert};

use crate::error::{Code, Error};
use crate::options::{ConnectionOptions, Http2, Identity, TlsVersion, Trust};

/// The configuration of one client: its trust, its own certificate, HTTP/2 and HTTP/1.1 by ALPN, and a cache of sessions that
/// no other client has.
pub(super) fn config(options: &ConnectionOptions) -> Result<ClientConfig, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Verifier::new(options, Arc::clone(&provider))?;
    let versions = match options.min_tls {
        TlsVersion::Tls12 => rustls::DEFAULT_VERSIONS,
        TlsVersion::Tls13 => &[&rustls::version::TLS13],
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(|error| Error::new(Code::Tls, error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match &options.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let (chain, key) = read_identity(identity)?;
            builder.with_client_auth_cert(chain, key).map_err(|error| {
                let detail = format!("tls.cert and tls.key cannot be used: {error}");
                Error::new(Code::InvalidArgValue, detail)
            })?
        }
    };
    config.alpn_protocols = match options.http2 {
        Http2::Negotiated => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        Http2::Never => vec![b"http/1.1".to_vec()],
        Http2::PriorKnowledge => vec![b"h2".to_vec()],
    };
    Ok(config)
}

type Chain = Vec<CertificateDer<'static>>;

fn read_identity(identity: &Identity) -> Result<(Chain, PrivateKeyDer<'static>), Error> {
    let chain = certificates_in(&identity.cert).ok_or_else(|| {
        let detail = "tls.cert must hold certificates in PEM, the client's own first";
        Error::new(Code::InvalidArgValue, detail)
    })?;
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).map_err(|_| {
        let detail = "tls.key must hold a private key in PEM that is not encrypted";
        Error::new(Code::InvalidArgValue, detail)
    })?;
    Ok((chain, key))
}

#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    trusted: Trusted,
    accepts_anyone: bool,
}

#[derive(Debug)]
enum Trusted {
    /// Node's list, read at the first handshake: most runs need none of it, and it is long.
    Roots {
        pem: Arc<str>,
        anchors: OnceLock<Vec<TrustAnchor<'static>>>,
    },
    /// The caller's own: each is trusted as an issuer and as the server's certificate itself.
    Only {
        anchors: Vec<TrustAnchor<'static>>,
        certificates: Vec<CertificateDer<'static>>,
    },
}

impl Verifier {
    fn new(options: &ConnectionOptions, provider: Arc<CryptoProvider>) -> Result<Self, Error> {
        let trusted = match &options.trust {
            Trust::Roots(pem) => Trusted::Roots {
                pem: Arc::clone(pem),
                anchors: OnceLock::new(),
            },
            Trust::Only(pem) => {
                let certificates = read_certificates(pem)?;
                let anchors = certificates.iter().filter_map(anchor).collect();
                Trusted::Only {
                    anchors,
                    certificates,
                }
            }
        };
        let accepts_anyone = !options.reject_unauthorized;
        Ok(Self {
            provider,
            trusted,
            accepts_anyone,
        })
    }

    fn anchors(&self) -> &[TrustAnchor<'static>] {
        match &self.trusted {
            Trusted::Roots { pem, anchors } => anchors.get_or_init(|| {
                let certificates = CertificateDer::pem_slice_iter(pem.as_bytes());
                certificates
                    .filter_map(Result::ok)
                    .filter_map(|der| anchor(&der))
                    .collect()
            }),
            Trusted::Only { anchors, .. } => anchors,
        }
    }

    fn is_given(&self, certificate: &CertificateDer<'_>) -> bool {
        match &self.trusted {
            Trusted::Only { certificates, .. } => certificates.contains(certificate),
            Trusted::Roots { .. } => false,
        }
    }

    fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let certificate = EndEntityCert::try_from(leaf).map_err(|error| {
            Error::new(
                Code::Tls,
                format!("the certificate cannot be read: {error}"),
            )
        })?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        let is_given = self.is_given(leaf);
        // A certificate that was given needs no issuer, so that none is looked for.
        let (anchors, chain) = if is_given {
            (&[][..], &[][..])
        } else {
            (self.anchors(), chain)
        };
        let usage = KeyUsage::server_auth();
        match certificate.verify_for_usage(algorithms, anchors, chain, now, usage, None, None) {
            Ok(_) => {}
            // Its dates were checked before either of these was found.
            Err(Fault::CaUsedAsEndEntity | Fault::UnknownIssuer) if is_given => {}
            Err(error) => return Err(explain(&error, &certificate, chain)),
        }
        certificate
            .verify_is_valid_for_subject_name(name)
            .map_err(|_| {
                Error::new(
                    Code::CertNameMismatch,
                    format!("the certificate is not for '{}'", name.to_str()),
                )
            })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if !self.accepts_anyone {
            self.verify(leaf, chain, name, now).map_err(|error| {
                rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(
                    error,
                ))))
            })?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn anchor(certificate: &CertificateDer<'_>) -> Option<TrustAnchor<'static>> {
    anchor_from_trusted_cert(certificate)
        .ok()
        .map(|anchor| anchor.to_owned())
}

fn read_certificates(pem: &[String]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read: Option<Vec<Vec<_>>> = pem.iter().map(|text| certificates_in(text)).collect();
    let certificates = read.unwrap_or_default().concat();
    if certificates.is_empty() {
        let detail =
            "tls.ca must hold certificates in PEM, and nothing that looks like one and is none";
        return Err(Error::new(Code::InvalidArgValue, detail));
    }
    Ok(certificates)
}

/// The certificates of one text, unless there is none, or one that cannot be read.
fn certificates_in(pem: &str) -> Option<Vec<CertificateDer<'static>>> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let is_readable = |der: &CertificateDer<'_>| anchor(der).is_some();
    certificates
        .ok()
        .filter(|all| !all.is_empty() && all.iter().all(is_readable))
}

/// The code that Node, which has OpenSSL's, gives for the same fault.
fn explain(error: &Fault, leaf: &EndEntityCert<'_>, chain: &[CertificateDer<'_>]) -> Error {
    let (code, detail) = match error {
        Fault::CertExpired { .. } => (Code::CertExpired, "the certificate has expired"),
        Fault::CertNotValidYet { .. } => {
            (Code::CertNotYetValid, "the certificate is not valid yet")
        }
        Fault::UnknownIssuer | Fault::CaUsedAsEndEntity => untrusted(leaf, chain),
        _ => return Error::new(Code::Tls, format!("the certificate was refused: {error}")),
    };
    Error::new(code, detail)
}

fn untrusted(leaf: &EndEntityCert<'_>, chain: &[CertificateDer<'_>]) -> (Code, &'static str) {
    let is_own_issuer = |cert: &EndEntityCert<'_>| cert.issuer() == cert.subject();
    if is_own_issuer(leaf) {
        return (Code::CertSelfSigned, "the certificate is signed by itself");
    }
    match last_sent(leaf, chain) {
        None => {
            return (
                Code::CertLeafUnverified,
                "the server did not send the issuer of its certificate, which is not known",
            );
        }
        Some(last) if is_own_issuer(&last) => {
            return (
                Code::CertChainSelfSigned,
                "the certificate's chain ends in a root that is not trusted",
            );
        }
        Some(_) => {}
    }
    (
        Code::CertIssuerUnknown,
        "the issuer of the certificate's chain is not known",
    )
}

/// The last issuer of `leaf` that was sent: its own, or that one's, and so on.
fn last_sent<'a>(
    leaf: &EndEntityCert<'_>,
    chain: &'a [CertificateDer<'a>],
) -> Option<EndEntityCert<'a>> {
    let read = |der: &'a CertificateDer<'a>| EndEntityCert::try_from(der).ok();
    let mut issuers: Vec<_> = chain.iter().filter_map(read).collect();
    let mut wanted = leaf.issuer().to_vec();
    let mut last = None;
    // Each is used once, or two that issue each other would never end.
    while let Some(at) = issuers.iter().position(|cert| cert.subject() == wanted) {
        let issuer = issuers.swap_remove(at);
        wanted = issuer.issuer().to_vec();
        last = Some(issuer);
    }
    last
}

#[cfg(test)]
mod tests {
    use ::aws_lc_rs::try_fips_cpu_jitter_entropy;

    /// `.cargo/config.toml` sees to it.
    #[test]
    fn the_first_handshake_of_a_process_waits_for_no_jitter_of_the_processor() {
        assert!(try_fips_cpu_jitter_entropy().is_err());
    }
}

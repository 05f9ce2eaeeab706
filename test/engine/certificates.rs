//! Whom we trust, and in whose words we say that we do not: Node's.

use std::sync::Arc;

use manyfetch_engine::options::{ConnectionOptions, Trust};
use manyfetch_engine::{Client, Code};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use crate::fetch::{Row, fetch_one, plain};
use crate::raw::{self, Raw};

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("it is a name");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn authority(name: &str) -> Issuer {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, key()).expect("it can be signed")
}

fn key() -> KeyPair {
    KeyPair::generate().expect("there is randomness")
}

/// A server that presents a certificate made from `params` by `issuer`, and `chain` behind it.
async fn presents(
    params: CertificateParams,
    issuer: &Issuer,
    chain: &[&CertificateDer<'static>],
) -> Raw {
    let key = key();
    let leaf = params
        .signed_by(&key, issuer)
        .expect("it can be signed")
        .der()
        .clone();
    let chain = std::iter::once(&leaf)
        .chain(chain.iter().copied())
        .cloned()
        .collect();
    serve(chain, key.into()).await
}

async fn serve(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Raw {
    let acceptor = TlsAcceptor::from(Arc::new(config(chain, key)));
    raw::serve(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                .await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

fn config(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> ServerConfig {
    ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider's own")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("they belong together")
}

/// An acceptor for `localhost`, and the certificate that makes it trusted.
pub(crate) fn trusted_acceptor() -> (TlsAcceptor, String) {
    acceptor_of(&[])
}

/// The same, for one that offers `protocols`.
pub(crate) fn acceptor_of(protocols: &[&[u8]]) -> (TlsAcceptor, String) {
    let issuer = authority("issuer");
    let key = key();
    let leaf = params("leaf")
        .signed_by(&key, &issuer)
        .expect("it can be signed");
    let mut config = config(vec![leaf.der().clone()], key.into());
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    (TlsAcceptor::from(Arc::new(config)), issuer.pem())
}

async fn get(server: &Raw, host: &str, trust: Trust) -> Row {
    let client = Client::new(&ConnectionOptions::trusting(trust)).expect("it can be read");
    fetch_one(&client, plain(format!("https://{host}:{}/", server.port()))).await
}

async fn get_unchecked(server: &Raw) -> Row {
    let mut options = ConnectionOptions::trusting(Trust::Roots("".into()));
    options.reject_unauthorized = false;
    let client = Client::new(&options).expect("it can be read");
    fetch_one(
        &client,
        plain(format!("https://127.0.0.1:{}/", server.port())),
    )
    .await
}

fn only(issuer: &Issuer) -> Trust {
    Trust::Only(vec![issuer.pem()])
}

fn roots(issuer: &Issuer) -> Trust {
    Trust::Roots(issuer.pem().into())
}

#[tokio::test]
async fn a_certificate_of_a_trusted_issuer_is_accepted() {
    let issuer = authority("issuer");
    let server = presents(params("leaf"), &issuer, &[]).await;
    for trust in [only(&issuer), roots(&issuer)] {
        let row = get(&server, "localhost", trust).await;
        assert_eq!(
            (row.code, row.body.as_slice()),
            (None, &b"ok"[..]),
            "{}",
            row.message
        );
    }
}

#[tokio::test]
async fn who_rejects_nobody_accepts_a_certificate_of_a_stranger_for_another_name() {
    let server = presents(params("leaf"), &authority("stranger"), &[]).await;
    assert_eq!(get_unchecked(&server).await.body, b"ok");
}

#[tokio::test]
async fn the_list_of_trusted_issuers_may_hold_other_text_and_broken_certificates() {
    let issuer = authority("issuer");
    let server = presents(params("leaf"), &issuer, &[]).await;
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
    let list = format!("# a comment\n{broken}\n{}", issuer.pem());
    assert_eq!(
        get(&server, "localhost", Trust::Roots(list.into()))
            .await
            .code,
        None
    );
}

#[tokio::test]
async fn faults_have_the_codes_that_node_gives_them() {
    let (issuer, stranger) = (authority("issuer"), authority("stranger"));
    let mut expired = params("expired");
    expired.not_after = date_time_ymd(2001, 1, 1);
    expired.not_before = date_time_ymd(2000, 1, 1);
    let mut future = params("future");
    future.not_before = date_time_ymd(2090, 1, 1);
    let root = stranger.der().clone();
    let cases = [
        (
            presents(expired, &issuer, &[]).await,
            "localhost",
            Code::CertExpired,
        ),
        (
            presents(future, &issuer, &[]).await,
            "localhost",
            Code::CertNotYetValid,
        ),
        (
            presents(params("leaf"), &issuer, &[]).await,
            "127.0.0.1",
            Code::CertNameMismatch,
        ),
        (
            presents(params("leaf"), &stranger, &[]).await,
            "localhost",
            Code::CertLeafUnverified,
        ),
        (
            presents(params("leaf"), &stranger, &[&root]).await,
            "localhost",
            Code::CertChainSelfSigned,
        ),
    ];
    for (server, host, code) in cases {
        let row = get(&server, host, only(&issuer)).await;
        assert_eq!(row.code, Some(code), "{}", row.message);
    }
}

#[tokio::test]
async fn a_chain_without_its_root_lacks_an_issuer() {
    let (issuer, stranger) = (authority("issuer"), authority("stranger"));
    let mut middle = params("middle");
    middle.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let middle = CertifiedIssuer::signed_by(middle, key(), &stranger).expect("it can be signed");
    let between = middle.der().clone();
    let server = presents(params("leaf"), &middle, &[&between]).await;
    let row = get(&server, "localhost", only(&issuer)).await;
    assert_eq!(row.code, Some(Code::CertIssuerUnknown), "{}", row.message);
    assert_eq!(get(&server, "localhost", only(&stranger)).await.code, None);
}

#[tokio::test]
async fn a_certificate_that_signed_itself_is_accepted_only_where_it_is_given() {
    for is_ca in [IsCa::NoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let mut own = params("own");
        own.is_ca = is_ca;
        let own = CertifiedIssuer::self_signed(own, key()).expect("it can be signed");
        let key = PrivateKeyDer::try_from(own.key().serialize_der()).expect("it is a key");
        let server = serve(vec![own.der().clone()], key).await;
        assert_eq!(get(&server, "localhost", only(&own)).await.code, None);
        let named = get(&server, "127.0.0.1", only(&own)).await;
        assert_eq!(
            named.code,
            Some(Code::CertNameMismatch),
            "{}",
            named.message
        );
        let stranger = get(&server, "localhost", only(&authority("stranger"))).await;
        assert_eq!(
            stranger.code,
            Some(Code::CertSelfSigned),
            "{}",
            stranger.message
        );
    }
}

#[tokio::test]
async fn a_certificate_that_is_given_needs_no_issuer_but_its_name_and_its_dates() {
    let issuer = authority("issuer");
    let mut expired = params("expired");
    expired.not_before = date_time_ymd(2000, 1, 1);
    expired.not_after = date_time_ymd(2001, 1, 1);
    let cases = [
        (params("leaf"), "localhost", None),
        (params("leaf"), "127.0.0.1", Some(Code::CertNameMismatch)),
        (expired, "localhost", Some(Code::CertExpired)),
    ];
    for (params, host, code) in cases {
        let key = key();
        let leaf = params.signed_by(&key, &issuer).expect("it can be signed");
        let server = serve(vec![leaf.der().clone()], key.into()).await;
        let row = get(&server, host, Trust::Only(vec![leaf.pem()])).await;
        assert_eq!(row.code, code, "{}", row.message);
    }
}

#[tokio::test]
async fn a_name_in_the_subject_alone_is_refused() {
    let issuer = authority("issuer");
    let mut params = CertificateParams::new(Vec::<String>::new()).expect("no names");
    params
        .distinguished_name
        .push(DnType::CommonName, "localhost");
    let server = presents(params, &issuer, &[]).await;
    let row = get(&server, "localhost", only(&issuer)).await;
    assert_eq!(row.code, Some(Code::CertNameMismatch), "{}", row.message);
}

#[test]
fn what_is_given_and_cannot_be_read_is_refused() {
    let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let good = authority("good").pem();
    let lists = [
        vec![],
        vec![""],
        vec!["not PEM"],
        vec!["-----BEGIN CERTIFICATE-----\nAAAA"],
        vec![empty],
        vec![&good, empty],
    ];
    for list in lists {
        let trust = Trust::Only(list.iter().map(|text| (*text).to_owned()).collect());
        let refused = Client::new(&ConnectionOptions::trusting(trust));
        assert_eq!(
            refused.err().map(|error| error.code),
            Some(Code::InvalidArgValue),
            "{list:?}"
        );
    }
}

//! A plain client: one connection, opened by hand, and what comes back over it.

use std::sync::Arc;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

pub(crate) enum Client {
    Http1(http1::SendRequest<Empty<Bytes>>),
    Http2(http2::SendRequest<Empty<Bytes>>),
}

impl Client {
    pub(crate) async fn plain(port: u16, version: Version) -> Self {
        Self::over(tcp(port).await, version).await
    }

    /// Over TLS, with the first protocol that the server agrees to.
    pub(crate) async fn secure(port: u16, ca_pem: &str, alpn: &[&str]) -> Self {
        let stream = tls(port, ca_pem, alpn).await;
        match stream.get_ref().1.alpn_protocol() {
            Some(b"h2") => Self::over(stream, Version::HTTP_2).await,
            _ => Self::over(stream, Version::HTTP_11).await,
        }
    }

    pub(crate) async fn over<S>(stream: S, version: Version) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let io = TokioIo::new(stream);
        if version == Version::HTTP_2 {
            let http2 = http2::handshake(TokioExecutor::new(), io).await;
            let (requests, connection) = http2.unwrap();
            tokio::spawn(connection);
            return Self::Http2(requests);
        }
        let (requests, connection) = http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        Self::Http1(requests)
    }

    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
    ) -> hyper::Result<Response<Incoming>> {
        let authority = match self {
            Self::Http1(_) => "",
            Self::Http2(_) => "http://localhost",
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("{authority}{path}"))
            .header("host", "localhost");
        let request = request.body(Empty::new()).unwrap();
        match self {
            Self::Http1(requests) => requests.send_request(request).await,
            Self::Http2(requests) => requests.send_request(request).await,
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Bytes {
        let response = self.send("GET", path).await.unwrap();
        response.into_body().collect().await.unwrap().to_bytes()
    }
}

pub(crate) async fn tcp(port: u16) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port)).await.unwrap()
}

pub(crate) async fn tls(port: u16, ca_pem: &str, alpn: &[&str]) -> TlsStream<TcpStream> {
    secured(tcp(port).await, "localhost", ca_pem, alpn).await
}

/// Over TLS with `server`, a name or an address.
pub(crate) async fn secured(
    stream: TcpStream,
    server: &'static str,
    ca_pem: &str,
    alpn: &[&str],
) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap())
        .unwrap();
    let mut config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let connector = TlsConnector::from(Arc::new(config));
    connector
        .connect(server.try_into().unwrap(), stream)
        .await
        .unwrap()
}

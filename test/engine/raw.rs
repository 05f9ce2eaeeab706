//! A server that writes whatever bytes a test wants, on a port of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// Listens until it is dropped.
pub(crate) struct Raw {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    listening: AbortHandle,
}

impl Raw {
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Connections accepted.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Hands every connection to `handle`.
pub(crate) async fn serve<F>(handle: impl Fn(TcpStream) -> F + Send + 'static) -> Raw
where
    F: Future<Output = ()> + Send + 'static,
{
    serve_numbered(move |_, stream| handle(stream)).await
}

/// Hands every connection to `handle`, with how many there were before.
pub(crate) async fn serve_numbered<F>(
    handle: impl Fn(usize, TcpStream) -> F + Send + 'static,
) -> Raw
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let address = listener.local_addr().expect("it listens");
    let connections = Arc::<AtomicUsize>::default();
    let accepted = Arc::clone(&connections);
    let listening = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // What a test writes goes out when it is written.
            stream.set_nodelay(true).expect("it is open");
            let number = accepted.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(handle(number, stream));
        }
    });
    Raw {
        address,
        connections,
        listening: listening.abort_handle(),
    }
}

/// How a connection ends after its reply.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// In order.
    Close,
    /// With a reset.
    Reset,
    /// Not at all: the next request is answered.
    KeepAlive,
}

/// Answers every request with `reply`, byte for byte.
pub(crate) async fn replies(reply: impl Into<Bytes>, end: End) -> Raw {
    let reply = reply.into();
    serve(move |mut stream| {
        let reply = reply.clone();
        async move {
            while read_path(&mut stream).await.is_some() {
                if write_pieces(&mut stream, [&reply[..]]).await.is_err() {
                    return;
                }
                match end {
                    End::KeepAlive => {}
                    End::Close => return,
                    End::Reset => {
                        // What was written must be read before the reset overtakes it.
                        stream.set_zero_linger().expect("it is open");
                        return;
                    }
                }
            }
        }
    })
    .await
}

/// Writes each of `pieces` after whoever runs beside this task could read the one before.
pub(crate) async fn write_pieces<'a>(
    stream: &mut TcpStream,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> std::io::Result<()> {
    for piece in pieces {
        stream.write_all(piece).await?;
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// Reads a request's head and returns its path, unless the connection ends before.
pub(crate) async fn read_path(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::with_capacity(4_096);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let head = String::from_utf8(head).ok()?;
    head.split(' ').nth(1).map(str::to_owned)
}

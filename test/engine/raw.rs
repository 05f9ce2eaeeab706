//! A server that writes whatever bytes a test wants, on a port of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
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
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let address = listener.local_addr().expect("it listens");
    let connections = Arc::<AtomicUsize>::default();
    let accepted = Arc::clone(&connections);
    let listening = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            accepted.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(handle(stream));
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

/// Answers every request with `reply`, byte for byte, in pieces of at most `piece` bytes.
pub(crate) async fn replies(reply: &'static [u8], piece: usize, end: End) -> Raw {
    serve(move |mut stream| async move {
        stream.set_nodelay(true).expect("it is open");
        while read_head(&mut stream).await {
            for bytes in reply.chunks(piece.max(1)) {
                if stream.write_all(bytes).await.is_err() {
                    return;
                }
                tokio::task::yield_now().await;
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
    })
    .await
}

/// Reads up to the end of a request's head. Returns whether there was one.
async fn read_head(stream: &mut TcpStream) -> bool {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return false,
        }
    }
    true
}

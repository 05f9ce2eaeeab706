//! A socket that stands half a round trip away in each direction. It lies below TLS, so handshakes cost what they cost on
//! a real network. Only time is modelled: no loss and no limit of bandwidth but the window.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{self, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::TcpStream;
use tokio::select;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock;

/// Bytes under way in one direction at most; past it the sender has to wait, as with TCP.
const WINDOW: u32 = 4 << 20;

/// Bytes taken from the sender at once, and offered to the receiver at once.
const SEGMENT: usize = 64 << 10;

/// The server's end of a line whose other end is the client on `socket`.
pub(crate) fn stretch(socket: TcpStream, round_trip: Duration) -> DuplexStream {
    let delay = Delay {
        // On loopback `connect` returns at once: what comes first pays for the TCP handshake.
        connected: Instant::now() + round_trip,
        one_way: round_trip / 2,
    };
    let (near, far) = io::duplex(SEGMENT);
    tokio::spawn(async move {
        let (from_client, to_client) = socket.into_split();
        let (from_server, to_server) = io::split(far);
        select! {
            () = carry(from_server, to_client, delay) => {}
            // A client that has sent everything still waits for its response.
            () = async { carry(from_client, to_server, delay).await; pending().await } => {}
        }
    });
    near
}

#[derive(Clone, Copy)]
struct Delay {
    connected: Instant,
    one_way: Duration,
}

impl Delay {
    fn arrival(self) -> Instant {
        Instant::now().max(self.connected) + self.one_way
    }
}

/// Bytes under way; none of them is the end of the stream.
struct Segment {
    due: Instant,
    bytes: Box<[u8]>,
    _room: Option<OwnedSemaphorePermit>,
}

/// Carries one direction to its end, which is also how a reset arrives.
async fn carry(from: impl AsyncRead + Unpin, to: impl AsyncWrite + Unpin, delay: Delay) {
    let (sender, receiver) = mpsc::unbounded_channel();
    select! {
        () = deliver(receiver, to) => {}
        never = depart(from, sender, delay) => match never {},
    }
}

async fn depart(
    mut from: impl AsyncRead + Unpin,
    line: UnboundedSender<Segment>,
    delay: Delay,
) -> Infallible {
    let window = Arc::new(Semaphore::new(WINDOW as usize));
    let mut buffer = vec![0; SEGMENT];
    loop {
        let length = from.read(&mut buffer).await.unwrap_or(0);
        let due = delay.arrival();
        let bytes: Box<[u8]> = buffer[..length].into();
        let taken = u32::try_from(length).unwrap_or(WINDOW);
        // The window is never closed, nor the line before its sender: neither can refuse.
        let room = Arc::clone(&window).acquire_many_owned(taken).await.ok();
        let _ = line.send(Segment {
            due,
            bytes,
            _room: room,
        });
        if length == 0 {
            return pending().await;
        }
    }
}

async fn deliver(mut line: UnboundedReceiver<Segment>, mut to: impl AsyncWrite + Unpin) {
    while let Some(segment) = line.recv().await {
        clock::sleep_until(segment.due).await;
        if segment.bytes.is_empty() {
            let _ = to.shutdown().await;
            return;
        }
        if to.write_all(&segment.bytes).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    async fn line(round_trip: Duration) -> io::Result<(TcpStream, DuplexStream)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let client = TcpStream::connect(listener.local_addr()?).await?;
        let (socket, _) = listener.accept().await?;
        Ok((client, stretch(socket, round_trip)))
    }

    #[tokio::test]
    async fn a_client_that_has_sent_everything_still_gets_its_answer() -> io::Result<()> {
        let (mut client, mut server) = line(Duration::from_millis(1)).await?;
        client.write_all(b"question").await?;
        client.shutdown().await?;

        let mut question = String::new();
        server.read_to_string(&mut question).await?;
        server.write_all(b"answer").await?;
        // What is under way arrives even when the server is gone.
        drop(server);

        let mut answer = String::new();
        client.read_to_string(&mut answer).await?;
        assert_eq!((question.as_str(), answer.as_str()), ("question", "answer"));
        Ok(())
    }

    #[tokio::test]
    async fn more_than_a_window_arrives_whole() -> io::Result<()> {
        let (mut client, mut server) = line(Duration::from_millis(1)).await?;
        let sent: Vec<u8> = (0..=u8::MAX).cycle().take(3 * WINDOW as usize).collect();
        let sending = sent.clone();
        let sender = tokio::spawn(async move { server.write_all(&sending).await });
        let mut received = vec![0; sent.len()];
        client.read_exact(&mut received).await?;
        sender.await??;
        assert!(received == sent);
        Ok(())
    }

    #[tokio::test]
    async fn the_server_notices_that_the_client_is_gone() -> io::Result<()> {
        let (client, mut server) = line(Duration::from_millis(1)).await?;
        drop(client);
        let mut nothing = Vec::new();
        assert_eq!(server.read_to_end(&mut nothing).await?, 0);
        // Past the system's buffers and ours, the reset has come back.
        let error = server
            .write_all(&vec![0; 16 << 20])
            .await
            .err()
            .map(|error| error.kind());
        assert_eq!(error, Some(io::ErrorKind::BrokenPipe));
        Ok(())
    }
}

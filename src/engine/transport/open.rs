//! Which connections of a client are open. The transport does not tell when it closes one, so that the system is asked, where it can
//! be: a connection is known by its end on this machine. Elsewhere, one counts as open until it would have been idle for too long.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Ends that are kept before those are looked for that are closed.
const MIN_SWEEP: usize = 1 << 10;

/// The ends on this machine of connections that were made, and when each was used last.
#[derive(Debug)]
pub(super) struct OpenConnections {
    keep_alive: Duration,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    ends: HashMap<SocketAddr, Instant>,
    sweep_at: usize,
}

impl OpenConnections {
    /// Those of a client that keeps idle ones for `keep_alive`.
    pub(super) fn new(keep_alive: Duration) -> Self {
        let known = Known {
            ends: HashMap::new(),
            sweep_at: MIN_SWEEP,
        };
        Self {
            keep_alive,
            known: Mutex::new(known),
        }
    }

    /// A connection with this end was made, or used.
    pub(super) fn note(&self, local: SocketAddr) {
        let now = Instant::now();
        let mut known = self.lock();
        known.ends.insert(local, now);
        if known.ends.len() >= known.sweep_at {
            // Those that were idle for so long are closed. To ask the system each time would cost too much.
            known.ends.retain(|_, used| self.is_recent(*used, now));
            known.sweep_at = (2 * known.ends.len()).max(MIN_SWEEP);
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        let now = Instant::now();
        let known = self.lock();
        match established() {
            Some(open) => known.ends.keys().filter(|end| open.contains(end)).count(),
            None => known
                .ends
                .values()
                .filter(|used| self.is_recent(**used, now))
                .count(),
        }
    }

    fn is_recent(&self, used: Instant, now: Instant) -> bool {
        now.saturating_duration_since(used) <= self.keep_alive
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The ends on this machine of all connections that are established, as far as the system tells.
#[cfg(target_os = "linux")]
fn established() -> Option<std::collections::HashSet<SocketAddr>> {
    // The table for IPv6 is not everywhere.
    let [v4, v6] = ["/proc/self/net/tcp", "/proc/self/net/tcp6"].map(std::fs::read_to_string);
    let tables = [v4.ok()?, v6.unwrap_or_default()];
    let lines = tables.iter().flat_map(|table| table.lines().skip(1));
    Some(lines.filter_map(established_end).collect())
}

#[cfg(not(target_os = "linux"))]
fn established() -> Option<std::collections::HashSet<SocketAddr>> {
    None
}

/// The local end in a line of the system's table, if its connection is established (proc(5), `/proc/net/tcp`).
#[cfg(target_os = "linux")]
fn established_end(line: &str) -> Option<SocketAddr> {
    const ESTABLISHED: &str = "01";
    let mut fields = line.split_ascii_whitespace();
    let (local, state) = (fields.nth(1)?, fields.nth(1)?);
    if state != ESTABLISHED {
        return None;
    }
    let (address, port) = local.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    // Words of four bytes in the machine's order.
    let words: Option<Vec<[u8; 4]>> = (0..address.len() / 8)
        .map(|word| {
            let hex = address.get(8 * word..8 * word + 8)?;
            Some(u32::from_str_radix(hex, 16).ok()?.to_ne_bytes())
        })
        .collect();
    match words?.as_flattened() {
        bytes if bytes.len() == 4 => {
            let bytes: [u8; 4] = bytes.try_into().ok()?;
            Some(SocketAddr::from((bytes, port)))
        }
        bytes => {
            let bytes: [u8; 16] = bytes.try_into().ok()?;
            Some(SocketAddr::from((bytes, port)))
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_connection_counts_until_it_is_closed() {
        let open = OpenConnections::new(Duration::ZERO);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let streams = [(); 2].map(|()| TcpStream::connect(address).expect("it listens"));
        for stream in &streams {
            open.note(stream.local_addr().expect("it is connected"));
        }
        assert_eq!(open.count(), 2);
        let [first, _second] = streams;
        drop(first);
        assert_eq!(open.count(), 1);
    }

    #[test]
    fn an_address_of_ipv6_is_read_too() {
        let line = "   0: 00000000000000000000000001000000:1F90 0 01 0";
        assert_eq!(
            established_end(line),
            Some(SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 8080)))
        );
    }
}

//! Listening on a free port of 127.0.0.1 and, where the machine has it, on the same port of `::1`: clients differ in which
//! of the two `localhost` is to them. Or of every address, for those who want all of 127.0.0.0/8.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

/// What a thousand clients connecting at once need; a full queue costs them a second each.
const BACKLOG: u32 = 4096;

/// Another program may have the port on `::1` alone; so many in a row do not.
const TRIES: usize = 16;

/// One port, on one or more addresses.
#[derive(Debug)]
pub struct Listeners {
    pub(crate) port: u16,
    pub(crate) sockets: Vec<TcpListener>,
}

impl Listeners {
    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// Listens on a free port of the loopback addresses, within the current Tokio runtime.
///
/// # Errors
///
/// When the system refuses.
pub fn loopback() -> io::Result<Listeners> {
    for _ in 1..TRIES {
        match try_loopback() {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            result => return result,
        }
    }
    try_loopback()
}

/// Listens on a free port of every IPv4 address, within the current Tokio runtime. A server turns away who comes from
/// elsewhere than loopback.
///
/// # Errors
///
/// When the system refuses.
pub fn every_address() -> io::Result<Listeners> {
    let socket = listen(Ipv4Addr::UNSPECIFIED.into(), 0)?;
    Ok(Listeners {
        port: socket.local_addr()?.port(),
        sockets: vec![socket],
    })
}

fn try_loopback() -> io::Result<Listeners> {
    let v4 = listen(Ipv4Addr::LOCALHOST.into(), 0)?;
    let port = v4.local_addr()?.port();
    let sockets = match listen(Ipv6Addr::LOCALHOST.into(), port) {
        Ok(v6) => vec![v4, v6],
        Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(error),
        Err(_no_ipv6) => vec![v4],
    };
    Ok(Listeners { port, sockets })
}

fn listen(address: IpAddr, port: u16) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.bind(SocketAddr::new(address, port))?;
    socket.listen(BACKLOG)
}

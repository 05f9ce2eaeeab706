//! Which options of connections can be had together, and on this machine: decided before anything is opened.

use std::net::UdpSocket;
use std::path::Path;

use super::proxies::Proxies;
use crate::error::{Code, Error};
use crate::options::{ConnectionOptions, Proxy};

/// The proxies that `options` ask for.
pub(super) fn proxies(options: &ConnectionOptions) -> Result<Proxies, Error> {
    // What goes to a socket of this machine goes through nobody.
    let is_local = options.unix_socket.is_some();
    Ok(match &options.proxy {
        Proxy::Url(url) => Proxies::all(url)?,
        Proxy::Environment(variables) if !is_local => {
            Proxies::of_environment(|name| variables.get(name).map(String::as_str))?
        }
        Proxy::None | Proxy::Environment(_) => Proxies::default(),
    })
}

/// Refuses what would have no effect, or none that anybody could rely on, beside something else.
pub(super) fn refuse_unheeded(options: &ConnectionOptions, proxies: &Proxies) -> Result<(), Error> {
    let refuse = |detail: &str| Err(Error::new(Code::InvalidArgValue, detail));
    if options.unix_socket.is_some() {
        if !options.unix_socket.as_deref().is_some_and(is_socket_path) {
            return refuse("unixSocket is not a path that a socket can have on this system");
        }
        if !proxies.is_empty()
            || options.local_address.is_some()
            || options.deny_private_networks
            || !options.dns_overrides.is_empty()
        {
            return refuse(
                "unixSocket cannot be combined with proxy, localAddress, dns.overrides or denyPrivateNetworks",
            );
        }
    }
    if let Some(address) = options.local_address
        && UdpSocket::bind((address, 0)).is_err()
    {
        return refuse("localAddress is not an address of this machine");
    }
    if options.deny_private_networks && !proxies.is_empty() {
        return refuse(
            "denyPrivateNetworks cannot be combined with a proxy, which looks names up itself: set proxy to false",
        );
    }
    Ok(())
}

#[cfg(unix)]
fn is_socket_path(path: &Path) -> bool {
    let is_named = !path.as_os_str().is_empty();
    is_named && std::os::unix::net::SocketAddr::from_pathname(path).is_ok()
}

#[cfg(not(unix))]
fn is_socket_path(_path: &Path) -> bool {
    false
}

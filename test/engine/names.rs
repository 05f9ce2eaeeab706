//! Names that lead to several addresses, and what is told of them when none of these works.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use manyfetch_engine::options::{ConnectionOptions, Trust};
use manyfetch_engine::{Client, Code};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::fetch::{fetch_one, with};
use crate::raw::{End, replies};

/// A client for which `name.test` has these addresses, one after the other.
fn client(addresses: Vec<IpAddr>) -> Client {
    Client::new(&ConnectionOptions {
        dns_overrides: vec![("name.test".into(), addresses)],
        ..ConnectionOptions::trusting(Trust::Roots("".into()))
    })
    .expect("these are addresses")
}

/// RFC 8305: the other family gets its chance long before the limit of connecting.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_address_that_lets_nobody_in_does_not_keep_the_other_family_from_its_turn() {
    let raw = replies(&b"HTTP/1.1 204 No Content\r\n\r\n"[..], End::KeepAlive).await;
    let socket = TcpSocket::new_v6().expect("there is one");
    let silent = (Ipv6Addr::LOCALHOST, raw.port()).into();
    if socket.bind(silent).is_err() {
        return;
    }
    let _listener = socket.listen(0).expect("it is bound");
    let _queued = TcpStream::connect(silent)
        .await
        .expect("the queue holds one");
    let client = client(vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()]);
    let input = with(format!("http://name.test:{}/", raw.port()), |options| {
        options.timeouts.connect = Some(Duration::from_secs(20));
    });
    let row = fetch_one(&client, input).await;
    assert_eq!((row.status, row.code), (204, None), "{}", row.message);
    assert_eq!(row.remote, "127.0.0.1");
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_followed_by_the_next() {
    let raw = replies(&b"HTTP/1.1 204 No Content\r\n\r\n"[..], End::KeepAlive).await;
    let other = Ipv4Addr::new(127, 0, 0, 2);
    let client = client(vec![other.into(), Ipv4Addr::LOCALHOST.into()]);
    let url = format!("http://name.test:{}/", raw.port());
    let row = fetch_one(&client, with(url, |_| {})).await;
    assert_eq!(
        (row.status, &*row.remote),
        (204, "127.0.0.1"),
        "{}",
        row.message
    );
}

#[tokio::test]
async fn where_no_address_works_all_are_named() {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let port = listener.local_addr().expect("it listens").port();
    // Nobody else gets the port while this connection holds it, and nobody listens any more.
    let _held = TcpStream::connect(("127.0.0.1", port))
        .await
        .expect("it listens");
    drop(listener);
    let addresses = [Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::LOCALHOST];
    let client = client(addresses.map(IpAddr::from).into());
    let row = fetch_one(&client, with(format!("http://name.test:{port}/"), |_| {})).await;
    assert_eq!(row.code, Some(Code::ConnectionRefused));
    assert!(
        row.message.contains("127.0.0.2, 127.0.0.1"),
        "{}",
        row.message
    );
}

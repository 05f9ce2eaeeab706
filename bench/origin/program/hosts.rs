//! The two hosts, the port of all addresses and the control port: started here, and described for the harness.

use std::future::ready;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use manyfetch_origin::{
    AddressCertificates, Authority, Builder, Certificate, Counters, Listeners, Origin,
    every_address, loopback,
};
use serde_json::{Value, json};

use super::control::Control;
use super::pages::Pages;
use super::routes::Host;
use super::server_times::server_times;
use super::settings::Settings;

/// Where the addresses begin whose certificates are made at the start.
const FIRST_ADDRESS: u32 = Ipv4Addr::new(127, 1, 0, 0).to_bits();

/// Serves on the current runtime, and says where.
pub(crate) fn start(settings: &Settings) -> io::Result<Value> {
    let shared = Shared::new(settings);
    let total = Arc::new(Counters::default());
    let [a, b] = [(); 2].map(|()| Arc::new(Counters::part_of(Arc::clone(&total))));
    let mut description = json!({
        "hosts": { "a": shared.start_host('a', &a)?, "b": shared.start_host('b', &b)? },
        "ca": shared.certificate.ca_pem(),
        "roundTripMs": settings.round_trip_ms,
        "serverTimesMs": shared.server_times.iter().map(milliseconds).collect::<Value>(),
    });
    if settings.addresses > 0 {
        let port = shared.start_addresses('a', &a, settings.addresses)?;
        description["addresses"] = json!({ "port": port });
    }
    let control = start_control(Control { a, b, total })?;
    description["control"] = format!("http://127.0.0.1:{control}").into();
    Ok(description)
}

/// What the hosts have in common.
struct Shared {
    authority: Arc<Authority>,
    certificate: Certificate,
    pages: Arc<Pages>,
    server_times: Arc<[Duration]>,
    round_trip: Duration,
}

impl Shared {
    fn new(settings: &Settings) -> Self {
        let authority = Authority::generate();
        Self {
            certificate: authority.certificate(["localhost", "127.0.0.1", "::1"]),
            authority: Arc::new(authority),
            pages: Arc::new(Pages::new(settings.page_bytes, settings.seed)),
            server_times: server_times(settings.links, settings.server_time_ms, settings.seed)
                .into(),
            round_trip: Duration::from_secs_f64(settings.round_trip_ms / 1000.0),
        }
    }

    fn start_host(&self, name: char, counters: &Arc<Counters>) -> io::Result<Value> {
        let plain = self.builder(counters);
        let secure = self.builder(counters).tls(&self.certificate);
        let https = self.serve(name, secure, loopback()?);
        let http = self.serve(name, plain, loopback()?);
        Ok(json!({
            "https": format!("https://localhost:{https}"),
            "http": format!("http://localhost:{http}"),
        }))
    }

    /// As many further names of a host as there are addresses.
    fn start_addresses(&self, name: char, counters: &Arc<Counters>, count: u32) -> io::Result<u16> {
        let certificates = AddressCertificates::by(Arc::clone(&self.authority));
        let addresses = FIRST_ADDRESS..FIRST_ADDRESS + count;
        certificates.prepare(addresses.map(|bits| Ipv4Addr::from_bits(bits).into()));
        let builder = self.builder(counters).tls_by_address(certificates);
        Ok(self.serve(name, builder, every_address()?))
    }

    fn builder(&self, counters: &Arc<Counters>) -> Builder {
        Origin::builder()
            .wide_area(self.round_trip)
            .counters(Arc::clone(counters))
    }

    fn serve(&self, name: char, builder: Builder, listeners: Listeners) -> u16 {
        let port = listeners.port();
        let host = Arc::new(Host {
            name,
            pages: Arc::clone(&self.pages),
            server_times: Arc::clone(&self.server_times),
        });
        builder.serve_on(listeners, move |request| Arc::clone(&host).answer(request));
        port
    }
}

fn start_control(control: Control) -> io::Result<u16> {
    let listeners = loopback()?;
    let port = listeners.port();
    Origin::builder().serve_on(listeners, move |request| ready(control.answer(&request)));
    Ok(port)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "2⁵³ microseconds are three centuries"
)]
fn milliseconds(time: &Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}

//! The two hosts and the control port: started here, and described for the harness.

use std::future::ready;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use manyfetch_origin::{Builder, Certificate, Counters, Origin, loopback};
use serde_json::{Value, json};

use super::control::Control;
use super::pages::Pages;
use super::routes::Host;
use super::server_times::server_times;
use super::settings::Settings;

/// Serves on the current runtime, and says where.
pub(crate) fn start(settings: &Settings) -> io::Result<Value> {
    let shared = Shared::new(settings);
    let total = Arc::new(Counters::default());
    let [a, b] = [(); 2].map(|()| Arc::new(Counters::part_of(Arc::clone(&total))));
    Ok(json!({
        "hosts": { "a": shared.start_host('a', &a)?, "b": shared.start_host('b', &b)? },
        "control": format!("http://127.0.0.1:{}", start_control(Control { a, b, total })?),
        "ca": shared.certificate.ca_pem(),
        "roundTripMs": settings.round_trip_ms,
        "serverTimesMs": shared.server_times.iter().map(milliseconds).collect::<Value>(),
    }))
}

/// What the hosts have in common.
struct Shared {
    certificate: Certificate,
    pages: Arc<Pages>,
    server_times: Arc<[Duration]>,
    round_trip: Duration,
}

impl Shared {
    fn new(settings: &Settings) -> Self {
        Self {
            certificate: Certificate::for_names(["localhost", "127.0.0.1", "::1"]),
            pages: Arc::new(Pages::new(settings.page_bytes, settings.seed)),
            server_times: server_times(settings.links, settings.server_time_ms, settings.seed)
                .into(),
            round_trip: Duration::from_secs_f64(settings.round_trip_ms / 1000.0),
        }
    }

    fn start_host(&self, name: char, counters: &Arc<Counters>) -> io::Result<Value> {
        let host = Arc::new(Host {
            name,
            pages: Arc::clone(&self.pages),
            server_times: Arc::clone(&self.server_times),
        });
        let plain = || {
            Origin::builder()
                .wide_area(self.round_trip)
                .counters(Arc::clone(counters))
        };
        Ok(json!({
            "https": format!("https://localhost:{}", listen(plain().tls(&self.certificate), Arc::clone(&host))?),
            "http": format!("http://localhost:{}", listen(plain(), host)?),
        }))
    }
}

fn listen(builder: Builder, host: Arc<Host>) -> io::Result<u16> {
    let listeners = loopback()?;
    let port = listeners.port();
    builder.serve_on(listeners, move |request| Arc::clone(&host).answer(request));
    Ok(port)
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

//! A local origin server. Rust tests start one with its behaviour as a closure beside the assertion; the benchmark runs the
//! program of the same name. It serves HTTP/1.1 and HTTP/2, plain and over TLS, and can stand a round trip away.

mod address_certificates;
mod body;
mod builder;
mod certificate;
mod chunks;
pub mod clock;
mod counters;
mod listen;
mod origin;
mod server;
mod tls;
mod wide_area;

pub use address_certificates::AddressCertificates;
pub use body::Body;
pub use builder::Builder;
pub use certificate::{Authority, Certificate};
pub use chunks::Chunks;
pub use counters::{Counters, Counts, Requests};
pub use listen::{Listeners, every_address, loopback};
pub use origin::Origin;
pub use server::Protocols;

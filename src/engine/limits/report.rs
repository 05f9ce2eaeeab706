//! What limits are told of a request that ended.

use super::auto::Signal;

/// How one request ended, as far as limits go by it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report {
    pub(crate) signal: Signal,
    pub(crate) contact: Contact,
    /// The machine had no descriptor, port or buffer for it.
    pub(crate) is_shortage: bool,
}

/// Whether the origin could be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contact {
    Answered,
    ConnectTimedOut,
    Unknown,
}

impl Report {
    /// Nothing is known: it was given up.
    pub(crate) const NONE: Self = Self {
        signal: Signal::Failed,
        contact: Contact::Unknown,
        is_shortage: false,
    };

    /// As an origin is to hear it: what the machine lacks is not its fault.
    pub(super) fn of_origin(self) -> Self {
        let signal = if self.is_shortage {
            Signal::Failed
        } else {
            self.signal
        };
        Self { signal, ..self }
    }
}

//! How many requests may be in flight: a number that stands, or one that finds itself.

use tokio::time::Instant;

use super::auto::{Auto, Signal};
use crate::options::Concurrency;

/// What `'auto'` begins with and ends at, for all requests together.
const AUTO_IN_ALL: (usize, usize) = (8, 4_096);

/// The same for one origin.
const AUTO_PER_HOST: (usize, usize) = (2, 256);

/// How many requests may be in flight.
#[derive(Debug)]
pub(crate) enum Window {
    Fixed(usize),
    Auto(Auto),
}

impl Window {
    /// For all requests together, of which there are `most` at most whatever the setting says.
    pub(crate) fn in_all(setting: Concurrency, most: usize) -> Self {
        Self::new(setting, AUTO_IN_ALL, most)
    }

    pub(crate) fn per_host(setting: Concurrency) -> Self {
        Self::new(setting, AUTO_PER_HOST, usize::MAX)
    }

    fn new(setting: Concurrency, (start, end): (usize, usize), most: usize) -> Self {
        match setting {
            Concurrency::Fixed(size) => Self::Fixed(size.min(most)),
            Concurrency::Auto => Self::Auto(Auto::new(start.min(most), end.min(most))),
        }
    }

    pub(crate) fn has_room(&self, in_flight: usize) -> bool {
        in_flight < self.size()
    }

    /// One of `in_flight` requests ended.
    pub(crate) fn settle(&mut self, signal: Signal, in_flight: usize, now: Instant) {
        if let Self::Auto(auto) = self {
            auto.settle(signal, in_flight, now);
        }
    }

    /// The machine is at a limit of its own: from now on the number finds itself, beginning with those that are in flight.
    pub(crate) fn let_loose(&mut self, in_flight: usize) {
        if let Self::Fixed(most) = self {
            *self = Self::Auto(Auto::new(in_flight.clamp(1, *most), *most));
        }
    }

    /// It has found out something that is worth keeping.
    pub(crate) fn has_learnt(&self) -> bool {
        matches!(self, Self::Auto(_))
    }

    fn size(&self) -> usize {
        match self {
            Self::Fixed(size) => *size,
            Self::Auto(auto) => auto.size(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_larger_than_the_room_there_is() {
        for setting in [Concurrency::Auto, Concurrency::Fixed(100)] {
            let window = Window::in_all(setting, 3);
            assert!(window.has_room(2) && !window.has_room(3));
        }
    }
}

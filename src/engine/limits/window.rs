//! How many requests may be in flight: a number that stands, or one that finds itself.

use tokio::time::Instant;

use super::auto::{Auto, Signal};
use super::report::Report;
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
    /// It was a number that stood, until the machine could not follow. What servers say is nothing to it.
    Loose(Auto),
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
    pub(crate) fn settle(&mut self, report: Report, in_flight: usize, now: Instant) {
        match self {
            Self::Fixed(_) => {}
            Self::Auto(auto) => auto.settle(report.signal, in_flight, now),
            Self::Loose(auto) if report.is_shortage => auto.settle(Signal::Busy, in_flight, now),
            Self::Loose(auto) => auto.settle(Signal::Good, in_flight, now),
        }
    }

    /// The machine is at a limit of its own: from now on the number finds itself, beginning with those that are in flight.
    pub(crate) fn let_loose(&mut self, in_flight: usize) {
        if let Self::Fixed(most) = self {
            *self = Self::Loose(Auto::new(in_flight.clamp(1, *most), *most));
        }
    }

    /// It has found out something that is worth keeping.
    pub(crate) fn has_learnt(&self) -> bool {
        matches!(self, Self::Auto(_))
    }

    fn size(&self) -> usize {
        match self {
            Self::Fixed(size) => *size,
            Self::Auto(auto) | Self::Loose(auto) => auto.size(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_number_that_was_let_loose_does_not_listen_to_servers() {
        let mut window = Window::in_all(Concurrency::Fixed(100), usize::MAX);
        window.let_loose(50);
        for _ in 0..1_000 {
            let busy = Report {
                signal: Signal::Busy,
                ..Report::NONE
            };
            window.settle(busy, 50, Instant::now());
            tokio::time::advance(std::time::Duration::from_millis(1)).await;
        }
        assert!(window.has_room(30), "{window:?}");
        for _ in 0..1_000 {
            let shortage = Report {
                is_shortage: true,
                ..Report::NONE
            };
            window.settle(shortage, 1, Instant::now());
        }
        assert!(!window.has_room(30), "{window:?}");
    }

    #[test]
    fn no_number_is_larger_than_the_room_there_is() {
        for setting in [Concurrency::Auto, Concurrency::Fixed(100)] {
            let window = Window::in_all(setting, 3);
            assert!(window.has_room(2) && !window.has_room(3));
        }
    }
}

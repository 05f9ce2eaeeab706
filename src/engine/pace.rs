//! Whether a body comes fast enough: a mean over a minute, in which only the time counts that the server was waited for.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Code, Error};

/// The time over which the mean is taken.
const WINDOW: Duration = Duration::from_secs(60);

/// The speed of one body.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Bytes in a second.
    min: Option<f64>,
    waited: Duration,
    bytes: u64,
}

impl Pace {
    pub(crate) fn new(min: Option<f64>) -> Self {
        Self {
            min,
            waited: Duration::ZERO,
            bytes: 0,
        }
    }

    /// When the window is full, if the server is waited for from `now` on.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        self.min?;
        now.checked_add(WINDOW.saturating_sub(self.waited))
    }

    /// The server was waited for, and `bytes` came.
    pub(crate) fn note(&mut self, waited: Duration, bytes: u64) -> Result<(), Error> {
        let Some(min) = self.min else {
            return Ok(());
        };
        self.waited += waited;
        self.bytes += bytes;
        if self.waited < WINDOW {
            return Ok(());
        }
        let speed = self.bytes as f64 / self.waited.as_secs_f64();
        if speed < min {
            let detail = format!("{speed:.1} bytes in a second for a minute, and less than {min}");
            return Err(Error::new(Code::TooSlow, detail));
        }
        *self = Self::new(self.min);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_body_that_crawls_for_a_minute_is_too_slow() {
        let mut pace = Pace::new(Some(100.0));
        for _ in 0..59 {
            pace.note(SECOND, 99).expect("the minute is not over");
        }
        let error = pace.note(SECOND, 99).expect_err("the minute is over");
        assert_eq!(error.code, Code::TooSlow);
    }

    #[test]
    fn each_minute_is_judged_by_itself() {
        let mut pace = Pace::new(Some(100.0));
        for _ in 0..600 {
            pace.note(SECOND, 100).expect("it is fast enough");
        }
        let slow = (0..120)
            .map(|_| pace.note(SECOND, 0))
            .any(|note| note.is_err());
        assert!(slow);
    }

    #[test]
    fn time_in_which_nobody_waits_for_the_server_does_not_count() {
        let mut pace = Pace::new(Some(100.0));
        for _ in 0..10_000 {
            pace.note(Duration::ZERO, 1)
                .expect("it is always there at once");
        }
    }
}

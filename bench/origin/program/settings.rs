//! The command line.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// What is printed when a flag is wrong.
pub(crate) const USAGE: &str = "\
usage: manyfetch-origin [flags]

  --round-trip MS    distance of the clients; a fresh https request costs three round trips (0)
  --server-time MS   mean of the times that pages take (0)
  --seed N           what the server times and the pages are made from (1)
  --links N          how many server times there are (100)
  --page-bytes N     length of a page (65536)
  --threads N        worker threads (one per core)
  --addresses N      one more port, over TLS on all of 127.0.0.0/8, with a certificate for each address; those of the
                     first N from 127.1.0.0 on are made at the start (0: there is no such port)

It prints one line of JSON, then serves until stdin is closed.";

const HOUR_MS: f64 = 3_600_000.0;

/// How the program serves.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    pub(crate) round_trip_ms: f64,
    pub(crate) server_time_ms: f64,
    pub(crate) seed: u64,
    pub(crate) links: usize,
    pub(crate) page_bytes: usize,
    pub(crate) threads: Option<usize>,
    pub(crate) addresses: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            round_trip_ms: 0.0,
            server_time_ms: 0.0,
            seed: 1,
            links: 100,
            page_bytes: 65_536,
            threads: None,
            addresses: 0,
        }
    }
}

impl Settings {
    /// Reads flags, each of which has a value. The error is a sentence for the user.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut settings = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(flag) = arguments.next() {
            let value = arguments
                .next()
                .ok_or_else(|| format!("{flag}: unknown, or without its value"))?;
            settings.set(&flag, &value)?;
        }
        Ok(settings)
    }

    fn set(&mut self, flag: &str, value: &str) -> Result<(), String> {
        match flag {
            "--round-trip" => self.round_trip_ms = number(flag, value, 0.0..=HOUR_MS)?,
            "--server-time" => self.server_time_ms = number(flag, value, 0.0..=HOUR_MS)?,
            "--seed" => self.seed = number(flag, value, 0..=u64::MAX)?,
            "--links" => self.links = number(flag, value, 1..=1_000_000)?,
            "--page-bytes" => self.page_bytes = number(flag, value, 64..=64 << 20)?,
            "--addresses" => self.addresses = number(flag, value, 0..=65_536)?,
            "--threads" => self.threads = Some(number(flag, value, 1..=1024)?),
            _ => return Err(format!("{flag}: unknown")),
        }
        Ok(())
    }
}

fn number<T: FromStr + PartialOrd + Display>(
    flag: &str,
    value: &str,
    range: RangeInclusive<T>,
) -> Result<T, String> {
    match value.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(format!(
            "{flag}: expected a number from {} to {}, got '{value}'",
            range.start(),
            range.end()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Settings, String> {
        Settings::parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn flags_set_what_they_name() {
        let expected = Settings {
            round_trip_ms: 20.0,
            threads: Some(1),
            addresses: 3,
            ..Settings::default()
        };
        assert_eq!(
            parse("--round-trip 20 --threads 1 --addresses 3"),
            Ok(expected)
        );
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for line in [
            "--rond-trip 20",
            "--links",
            "--links 0",
            "--server-time NaN",
            "--seed -1",
            "20",
        ] {
            let flag = line.split(' ').next().unwrap_or_default();
            assert!(
                parse(line).is_err_and(|problem| problem.starts_with(flag)),
                "{line}"
            );
        }
    }
}

//! How many requests may be started in a time, as a caller writes it: `'50/s'`.

use crate::error::{Code, Error};
use crate::fields::quote;

/// Requests started per second, on average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Finite, and above 0.
    per_second: f64,
}

impl Rate {
    /// `value` requests a second; `None` unless that is finite and above 0.
    pub fn per_second(value: f64) -> Option<Rate> {
        (value.is_finite() && value > 0.0).then_some(Rate { per_second: value })
    }

    /// Reads a number of requests, a slash, and a time in `ms`, `s`, `m` or `h`, such as `50/s` or `10/500ms`. Both numbers
    /// are decimal, with neither sign nor exponent; spaces may stand around every part.
    ///
    /// # Errors
    /// [`Code::InvalidArgValue`] for any other text, and for a rate that is 0 or too large or small for a number.
    pub fn parse(text: &str) -> Result<Rate, Error> {
        read(text).and_then(Rate::per_second).ok_or_else(|| {
            let detail = format!(
                "the rate {} is not one: write '50/s', '0.5/s', '600/m', '1000/h', '5/15s' or '10/500ms', above 0",
                quote(text)
            );
            Error::new(Code::InvalidArgValue, detail)
        })
    }

    /// Requests per second.
    pub fn get(self) -> f64 {
        self.per_second
    }

    /// Requests that may start at once after a pause: a tenth of a second's worth, and at least one.
    pub fn burst(self) -> f64 {
        (self.per_second / 10.0).max(1.0)
    }
}

fn read(text: &str) -> Option<f64> {
    let (count, time) = text.split_once('/')?;
    let time = trim(time);
    let unit_at = time
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(time.len());
    let (length, unit) = time.split_at(unit_at);
    let length = trim(length);
    let unit = match unit {
        "ms" => 1.0,
        "s" => 1_000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        _ => return None,
    };
    let length = if length.is_empty() {
        1.0
    } else {
        decimal(length)?
    };
    // In milliseconds all the way: a thousandth has no exact form.
    Some(decimal(trim(count))? * 1_000.0 / (length * unit))
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// A number as people write it. The standard library's reading takes `inf`, `1e9` and `+1` as well.
fn decimal(text: &str) -> Option<f64> {
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let is_decimal = match text.split_once('.') {
        Some((whole, fraction)) => is_digits(whole) && is_digits(fraction),
        None => is_digits(text),
    };
    is_decimal.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn per_second(text: &str) -> Option<f64> {
        Rate::parse(text).ok().map(Rate::get)
    }

    #[test]
    fn a_count_and_a_time_are_a_rate() {
        for (text, expected) in [
            ("50/s", 50.0),
            ("600/m", 10.0),
            ("5/15s", 5.0 / 15.0),
            ("1000/h", 1_000.0 / 3_600.0),
            ("0.5/s", 0.5),
            ("10/500ms", 20.0),
            ("1/ms", 1_000.0),
            ("3/1.5s", 2.0),
            (" 5 / 15 s\t", 5.0 / 15.0),
            ("007/s", 7.0),
        ] {
            assert_eq!(per_second(text), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn whatever_else_is_refused_with_the_forms_that_are_not() {
        let endless = format!("{}/s", "9".repeat(400));
        let tiny = format!("0.{}1/s", "0".repeat(400));
        for text in [
            "",
            "/",
            "50",
            "50/",
            "/s",
            "50s",
            "0/s",
            "0.0/s",
            "5/0s",
            "-1/s",
            "+1/s",
            "1e3/s",
            "NaN/s",
            "inf/s",
            "infinity/s",
            ".5/s",
            "5./s",
            "1.2.3/s",
            "5/s/s",
            "5/d",
            "5/S",
            "5/sec",
            "5 5/s",
            "5/1 5s",
            "5/-1s",
            "5/s5",
            "0x10/s",
            "\u{665}/s",
            "1_000/s",
            "5\n/s",
            "5/s\0",
            &endless,
            &tiny,
        ] {
            let error = Rate::parse(text).expect_err(text);
            assert_eq!(error.code, Code::InvalidArgValue, "{text:?}");
            assert!(error.detail.contains("'10/500ms'"), "{error}");
            assert!(error.detail.chars().count() < 250, "{error}");
        }
    }

    #[test]
    fn a_rate_is_finite_and_above_zero() {
        for value in [0.0, -0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Rate::per_second(value), None);
        }
        assert_eq!(Rate::per_second(5.0).map(Rate::burst), Some(1.0));
        assert_eq!(Rate::per_second(500.0).map(Rate::burst), Some(50.0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn any_text_is_a_good_rate_or_an_error(text in "[0-9./ smh\\-+einfNa]{0,12}|.{0,40}") {
            if let Ok(rate) = Rate::parse(&text) {
                prop_assert!(rate.get().is_finite() && rate.get() > 0.0);
                prop_assert!(rate.burst().is_finite() && rate.burst() >= 1.0);
            }
        }

        #[test]
        fn what_is_written_is_what_is_read(count in 1_u32..1_000_000, length in 1_u32..10_000) {
            let expected = f64::from(count) / f64::from(length);
            let read = per_second(&format!("{count}/{length}s")).expect("it is a rate");
            prop_assert!((read / expected - 1.0).abs() < 1e-12);
        }
    }
}

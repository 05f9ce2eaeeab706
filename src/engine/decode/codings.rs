//! What a head says about a body's codings.

use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use crate::error::{Code, Error};

/// More layers are an attack.
const MAX_LAYERS: usize = 5;

/// What the head says about a body's codings.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Codings {
    /// None.
    Identity,
    /// These, in the order in which they were applied.
    Known(Vec<Coding>),
    /// One at least that is not known here.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    pub(super) fn name(self) -> &'static str {
        match self {
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
            Coding::Brotli => "br",
            Coding::Zstd => "zstd",
        }
    }

    /// The error of a body that is not in this coding.
    pub(super) fn broken(self) -> impl Fn(std::io::Error) -> Error {
        move |error| {
            Error::new(
                Code::Decode,
                format!("the body is not {}: {error}", self.name()),
            )
        }
    }
}

impl Codings {
    /// Reads the `Content-Encoding` fields.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Codings, Error> {
        let mut known = Vec::new();
        for field in headers.get_all(CONTENT_ENCODING) {
            let Ok(field) = field.to_str() else {
                return Ok(Codings::Unknown);
            };
            for name in field
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty())
            {
                match name.to_ascii_lowercase().as_str() {
                    "gzip" | "x-gzip" => known.push(Coding::Gzip),
                    "deflate" => known.push(Coding::Deflate),
                    "br" => known.push(Coding::Brotli),
                    "zstd" => known.push(Coding::Zstd),
                    "identity" => {}
                    _ => return Ok(Codings::Unknown),
                }
            }
        }
        if known.len() > MAX_LAYERS {
            let detail = format!(
                "the body has {} codings, more than {MAX_LAYERS}",
                known.len()
            );
            return Err(Error::new(Code::Decode, detail));
        }
        Ok(if known.is_empty() {
            Codings::Identity
        } else {
            Codings::Known(known)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_matched_without_regard_to_case_and_unknown_ones_are_told() {
        let codings = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, http::HeaderValue::from_static(value));
            Codings::of(&headers)
        };
        let known = |list: &[Coding]| Some(Codings::Known(list.to_vec()));
        assert_eq!(codings("GZip").ok(), known(&[Coding::Gzip]));
        assert_eq!(
            codings(" x-gzip , BR").ok(),
            known(&[Coding::Gzip, Coding::Brotli])
        );
        assert_eq!(codings("identity").ok(), Some(Codings::Identity));
        assert_eq!(codings("gzip, compress").ok(), Some(Codings::Unknown));
        for layers in [6, 1_000] {
            let refused = codings("gzip,".repeat(layers).leak()).map_err(|error| error.code);
            assert_eq!(refused, Err(Code::Decode), "{layers}");
        }
    }

    fn codings_of(lines: &[String]) -> Result<Codings, Code> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(CONTENT_ENCODING, line.parse().expect("it is a value"));
        }
        Codings::of(&headers).map_err(|error| error.code)
    }

    /// A name in any case, with what it stands for; with nothing for what counts as no coding.
    fn member() -> impl Strategy<Value = (String, Option<Coding>)> {
        let name = prop::sample::select(vec![
            ("gzip", Some(Coding::Gzip)),
            ("x-gzip", Some(Coding::Gzip)),
            ("deflate", Some(Coding::Deflate)),
            ("br", Some(Coding::Brotli)),
            ("zstd", Some(Coding::Zstd)),
            ("identity", None),
            ("", None),
        ]);
        (name, any::<u32>(), "[ \t]{0,2}", "[ \t]{0,2}").prop_map(
            |((name, coding), case, before, after)| {
                let in_any_case = name.chars().enumerate().map(|(i, c)| {
                    if case >> i & 1 == 1 {
                        c.to_ascii_uppercase()
                    } else {
                        c
                    }
                });
                (
                    format!("{before}{}{after}", in_any_case.collect::<String>()),
                    coding,
                )
            },
        )
    }

    fn lines_of(members: &[(String, Option<Coding>)], per_line: usize) -> Vec<String> {
        let join = |line: &[(String, _)]| {
            let names: Vec<_> = line.iter().map(|(name, _)| name.as_str()).collect();
            names.join(",")
        };
        members.chunks(per_line).map(join).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn a_list_is_its_members_in_order_on_however_many_lines(
            members in prop::collection::vec(member(), 0..9),
            per_line in 1_usize..9,
        ) {
            let known: Vec<_> = members.iter().filter_map(|(_, coding)| *coding).collect();
            let expected = match known.len() {
                0 => Ok(Codings::Identity),
                1..=MAX_LAYERS => Ok(Codings::Known(known)),
                _ => Err(Code::Decode),
            };
            prop_assert_eq!(codings_of(&lines_of(&members, per_line)), expected);
        }

        #[test]
        fn one_name_that_is_not_known_is_enough(
            mut members in prop::collection::vec(member(), 0..9),
            unknown in "[a-z0-9*;=\"\\-]{1,8}".prop_filter("it is known", |name| {
                !["gzip", "x-gzip", "deflate", "br", "zstd", "identity"].contains(&name.as_str())
            }),
            at in 0_usize..9,
        ) {
            members.insert(at.min(members.len()), (unknown, None));
            prop_assert_eq!(codings_of(&lines_of(&members, 9)), Ok(Codings::Unknown));
        }
    }
}

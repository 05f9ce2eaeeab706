//! What a body must hash to, as a caller writes it (`'sha256-<hex or base64>'`), and the check while it streams.

use std::fmt::{self, Write as _};

use aws_lc_rs::digest::{Algorithm, Context, SHA256, SHA384, SHA512};
use base64::Engine as _;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::error::{Code, Error};
use crate::fields::quote;

/// The algorithms nobody can forge a body for.
const KNOWN: [(&str, &Algorithm); 3] = [
    ("sha256", &SHA256),
    ("sha384", &SHA384),
    ("sha512", &SHA512),
];

const BASE64: [GeneralPurpose; 2] = [base64(&STANDARD), base64(&URL_SAFE)];

const fn base64(alphabet: &Alphabet) -> GeneralPurpose {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(alphabet, config)
}

/// What a body must hash to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum {
    name: &'static str,
    algorithm: &'static Algorithm,
    /// As many bytes as the algorithm makes.
    expected: Box<[u8]>,
}

impl Checksum {
    /// Reads the name of an algorithm in any case, `sha256`, `sha384` or `sha512`, a hyphen, and the hash: in hex of any
    /// case, or in base64, standard or safe for URLs, padded or not.
    ///
    /// # Errors
    /// [`Code::InvalidArgValue`] for any other text, and for a hash that is not as long as its algorithm makes it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        read(text).ok_or_else(|| {
            let detail = format!(
                "the checksum {} is not one: write 'sha256-', 'sha384-' or 'sha512-', and then the whole hash (32, 48 or 64 bytes) in hex or base64",
                quote(text)
            );
            Error::new(Code::InvalidArgValue, detail)
        })
    }

    pub(crate) fn begin(&self) -> Hasher {
        Hasher {
            checksum: self.clone(),
            context: Context::new(self.algorithm),
        }
    }
}

fn read(text: &str) -> Option<Checksum> {
    let (prefix, hash) = text.split_once('-')?;
    let (name, algorithm) = KNOWN
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(prefix))?;
    // The two never have the same length, so the order decides nothing.
    let expected = from_hex(hash)
        .into_iter()
        .chain(from_base64(hash))
        .find(|bytes| bytes.len() == algorithm.output_len())?;
    Some(Checksum {
        name,
        algorithm,
        expected: expected.into(),
    })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, odd) = text.as_bytes().as_chunks();
    if !odd.is_empty() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    pairs
        .iter()
        .map(|&[high, low]| u8::try_from(digit(high)? << 4 | digit(low)?).ok())
        .collect()
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64.iter().find_map(|engine| engine.decode(text).ok())
}

fn to_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A body on its way through the check.
pub(crate) struct Hasher {
    checksum: Checksum,
    context: Context,
}

impl Hasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
    }

    /// The body is whole: an error with [`Code::ChecksumMismatch`] if it is another one.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let Checksum { name, expected, .. } = self.checksum;
        let actual = self.context.finish();
        if *actual.as_ref() == *expected {
            return Ok(());
        }
        let detail = format!(
            "the {name} of the body is {}, and not {}",
            to_hex(actual.as_ref()),
            to_hex(&expected)
        );
        Err(Error::new(Code::ChecksumMismatch, detail))
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher")
            .field("checksum", &self.checksum)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The hashes of "abc", from FIPS 180-4's examples.
    const ABC: [(&str, &str); 3] = [
        (
            "sha256",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            "sha384",
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            "sha512",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
    ];

    fn check(checksum: &str, pieces: &[&[u8]]) -> Result<(), Error> {
        let mut hasher = Checksum::parse(checksum)?.begin();
        for piece in pieces {
            hasher.update(piece);
        }
        hasher.finish()
    }

    #[test]
    fn a_body_is_checked_however_it_is_cut() {
        for (name, hex) in ABC {
            let checksum = format!("{name}-{hex}");
            for pieces in [&[&b"abc"[..]][..], &[b"a", b"", b"bc"]] {
                assert_eq!(check(&checksum, pieces), Ok(()), "{checksum}");
            }
        }
        let empty = "sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(check(empty, &[]), Ok(()));
    }

    #[test]
    fn another_body_is_an_error_that_names_both_hashes() {
        for (name, hex) in ABC {
            let checksum = format!("{name}-{}", hex.to_uppercase());
            let error = check(&checksum, &[b"abd"]).expect_err(name);
            assert_eq!(error.code, Code::ChecksumMismatch);
            assert!(error.detail.contains(name), "{error}");
            assert!(error.detail.contains(hex), "{error}");
        }
        let (_, hex) = ABC[0];
        let error = check(&format!("sha256-{hex}"), &[]).expect_err("it is another body");
        assert!(error.detail.contains("e3b0c44298fc1c14"), "{error}");
    }

    #[test]
    fn a_hash_may_be_written_in_many_ways() {
        let (_, hex) = ABC[0];
        let expected = Checksum::parse(&format!("sha256-{hex}"));
        assert!(expected.is_ok());
        for text in [
            format!("SHA256-{hex}"),
            format!("Sha256-{}", hex.to_uppercase()),
            "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=".into(),
            "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0".into(),
            "sha256-ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0=".into(),
            "sha256-ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0".into(),
        ] {
            assert_eq!(Checksum::parse(&text), expected, "{text}");
        }
    }

    #[test]
    fn whatever_else_is_refused_with_the_forms_that_are_not() {
        let (_, hex) = ABC[0];
        for text in [
            "",
            "-",
            "sha256",
            "sha256-",
            "sha512-",
            hex,
            &format!("-{hex}"),
            &format!("md5-{}", &hex[..32]),
            &format!("sha1-{}", &hex[..40]),
            &format!("sha224-{}", &hex[..56]),
            &format!("sha-256-{hex}"),
            &format!("sha256:{hex}"),
            &format!("sha256={hex}"),
            &format!("sha512-{hex}"),
            &format!("sha256-{}", &hex[1..]),
            &format!("sha256-{}", &hex[2..]),
            &format!("sha256-{hex}00"),
            &format!("sha256-0x{hex}"),
            &format!("sha256-{hex} sha256-{hex}"),
            &format!("sha256-{hex}\n"),
            &format!(" sha256-{hex}"),
            &format!("sha256-{}g", &hex[1..]),
            &format!("sha256-{}\u{e9}", &hex[2..]),
            "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0==",
            "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa1=",
            "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0=",
            "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=?x",
        ] {
            let error = Checksum::parse(text).expect_err(text);
            assert_eq!(error.code, Code::InvalidArgValue, "{text:?}");
            for (name, _) in KNOWN {
                assert!(error.detail.contains(name), "{error}");
            }
            assert!(error.detail.chars().count() < 250, "{error}");
        }
    }

    #[test]
    fn a_hasher_shows_what_it_expects() {
        let (_, hex) = ABC[0];
        let checksum = Checksum::parse(&format!("sha256-{hex}")).expect("it is one");
        assert!(format!("{:?}", checksum.begin()).contains("sha256"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn any_text_is_a_checksum_or_an_error(text in "(sha(256|384|512)-)?([0-9a-fA-F+/_=-]{0,130}|.{0,70})") {
            if let Ok(Checksum { algorithm, expected, .. }) = Checksum::parse(&text) {
                prop_assert_eq!(expected.len(), algorithm.output_len());
            }
        }

        #[test]
        fn hex_is_read_as_it_is_written(bytes in any::<Vec<u8>>()) {
            prop_assert_eq!(from_hex(&to_hex(&bytes)), Some(bytes));
        }
    }
}

//! What a `Content-Disposition` says a file is called (RFC 6266, RFC 8187), as it was written: nothing here is safe to open yet.
//! Servers write these lines in many wrong ways, so whatever can be read is.

use std::collections::BTreeMap;

use encoding_rs::{Encoding, WINDOWS_1252};
use http::header::{CONTENT_DISPOSITION, HeaderMap, HeaderValue};
use percent_encoding::percent_decode;

/// The names that `headers` give, the best first: of all lines what `filename*` says, then what comes in pieces, then `filename`.
pub(super) fn names(headers: &HeaderMap) -> impl Iterator<Item = String> {
    let lines = headers.get_all(CONTENT_DISPOSITION).iter();
    let lines: Vec<_> = lines.map(parameters).collect();
    let mut names: Vec<_> = lines.iter().flatten().filter_map(extended).collect();
    names.extend(lines.iter().filter_map(|line| continued(line)));
    names.extend(lines.iter().flatten().filter_map(plain));
    names.into_iter()
}

struct Parameter {
    /// In lower case.
    name: String,
    value: Vec<u8>,
}

/// The parameters of a line. Its type has no `=`, and where a server forgot it, nothing is lost.
fn parameters(line: &HeaderValue) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    let mut rest = line.as_bytes();
    while let Some(at) = rest.iter().position(|byte| b"=;".contains(byte)) {
        let (name, after) = (&rest[..at], &rest[at + 1..]);
        if rest[at] == b';' {
            rest = after;
            continue;
        }
        let (value, after) = read_value(after.trim_ascii_start());
        let name = String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase();
        parameters.push(Parameter { name, value });
        rest = after;
    }
    parameters
}

/// The value that `text` begins with, and what comes after it. One without quotes goes on to the next semicolon, since many a
/// server forgets them around spaces.
fn read_value(text: &[u8]) -> (Vec<u8>, &[u8]) {
    if let Some(quoted) = text.strip_prefix(b"\"") {
        let (value, after) = read_quoted(quoted);
        return (value, split_at_semicolon(after).1);
    }
    let (value, after) = split_at_semicolon(text);
    (value.trim_ascii().to_vec(), after)
}

/// Up to the closing quote, or to the end where there is none.
fn read_quoted(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut value = Vec::new();
    let mut is_escaped = false;
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'"' if !is_escaped => return (value, &text[at + 1..]),
            b'\\' if !is_escaped => is_escaped = true,
            _ => {
                value.push(byte);
                is_escaped = false;
            }
        }
    }
    (value, &[])
}

fn split_at_semicolon(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().position(|&byte| byte == b';') {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[]),
    }
}

fn plain(parameter: &Parameter) -> Option<String> {
    (parameter.name == "filename").then(|| guess(&parameter.value))
}

fn extended(parameter: &Parameter) -> Option<String> {
    if parameter.name != "filename*" {
        return None;
    }
    let (charset, text) = split_charset(&parameter.value)?;
    decode(charset, &percent_decode(text).collect::<Vec<_>>())
}

/// The name that comes as `filename*0`, `filename*1*` and so on (RFC 2231), as far as there is no gap.
fn continued(line: &[Parameter]) -> Option<String> {
    let mut pieces = BTreeMap::new();
    for (number, piece) in line.iter().filter_map(numbered) {
        pieces.entry(number).or_insert(piece);
    }
    let first = pieces.get_mut(&0)?;
    // The first piece says the charset for all.
    let charset = match split_charset(first.text).filter(|_| first.is_encoded) {
        Some((charset, text)) => {
            first.text = text;
            charset
        }
        None => b"",
    };
    let in_order = (0..).map_while(|number| pieces.get(&number));
    let bytes: Vec<_> = in_order.flat_map(Piece::bytes).collect();
    decode(charset, &bytes)
}

struct Piece<'a> {
    text: &'a [u8],
    is_encoded: bool,
}

impl Piece<'_> {
    fn bytes(&self) -> Vec<u8> {
        if self.is_encoded {
            percent_decode(self.text).collect()
        } else {
            self.text.to_vec()
        }
    }
}

fn numbered(parameter: &Parameter) -> Option<(u32, Piece<'_>)> {
    let number = parameter.name.strip_prefix("filename*")?;
    let stripped = number.strip_suffix('*');
    let number = stripped.unwrap_or(number).parse().ok()?;
    let piece = Piece {
        text: &parameter.value,
        is_encoded: stripped.is_some(),
    };
    Some((number, piece))
}

/// What is before and after the language, which nobody needs.
fn split_charset(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut parts = value.splitn(3, |&byte| byte == b'\'');
    let (charset, _language, text) = (parts.next()?, parts.next()?, parts.next()?);
    Some((charset, text))
}

fn decode(charset: &[u8], bytes: &[u8]) -> Option<String> {
    if charset.is_empty() {
        return Some(guess(bytes));
    }
    let encoding = Encoding::for_label(charset)?;
    Some(encoding.decode_without_bom_handling(bytes).0.into_owned())
}

/// The text of bytes that nobody said the charset of. Latin-1 is read as the web reads it.
fn guess(bytes: &[u8]) -> String {
    match str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => WINDOWS_1252
            .decode_without_bom_handling(bytes)
            .0
            .into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(lines: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            if let Ok(value) = HeaderValue::from_bytes(line) {
                headers.append(CONTENT_DISPOSITION, value);
            }
        }
        headers
    }

    fn first(lines: &[&[u8]]) -> Option<String> {
        names(&headers(lines)).next()
    }

    #[test]
    fn a_name_is_read_in_all_the_ways_that_servers_write_it() {
        for (line, name) in [
            ("attachment; filename=\"a.txt\"", "a.txt"),
            ("attachment; filename=a.txt", "a.txt"),
            ("ATTACHMENT;FILENAME = a.txt ;size=3", "a.txt"),
            ("inline;; ; filename=\"a.txt\" ; x=y", "a.txt"),
            ("form-data; name=\"f\"; filename=\"a.txt\"", "a.txt"),
            ("filename=a.txt", "a.txt"),
            ("attachment; filename=my report, 1.txt", "my report, 1.txt"),
            ("attachment; filename=\"a;b=c.txt\"", "a;b=c.txt"),
            (
                "attachment; filename=\"a \\\"b\\\\c\\d.txt\"",
                "a \"b\\cd.txt",
            ),
            ("attachment; filename=\"a.txt", "a.txt"),
            ("attachment; filename=\"a.txt\\", "a.txt"),
            ("attachment; filename=\"a%20b.txt\"", "a%20b.txt"),
            ("attachment; filename='a.txt'", "'a.txt'"),
            ("attachment; filename=\"\"", ""),
            ("attachment; x=\"filename=b\"; filename=a", "a"),
            ("attachment; filename=a; filename=b", "a"),
            (
                "attachment; filename=\"\u{e9}\u{4f60}.txt\"",
                "\u{e9}\u{4f60}.txt",
            ),
        ] {
            assert_eq!(first(&[line.as_bytes()]).as_deref(), Some(name), "{line}");
        }
    }

    #[test]
    fn an_extended_name_is_decoded_once_with_its_charset() {
        for (value, name) in [
            ("UTF-8''%e2%82%ac%20rates.txt", "\u{20ac} rates.txt"),
            ("utf-8'en'a%27b'c.txt", "a'b'c.txt"),
            ("\"UTF-8''a.txt\"", "a.txt"),
            ("iso-8859-1'en'%A3.txt", "\u{a3}.txt"),
            ("Shift_JIS''%83%65.txt", "\u{30c6}.txt"),
            ("UTF-8''..%2f", "../"),
            ("UTF-8''%252e", "%2e"),
            ("UTF-8''%ff%zz%4", "\u{fffd}%zz%4"),
            ("''%e9", "\u{e9}"),
        ] {
            let line = format!("attachment; filename*={value}");
            assert_eq!(first(&[line.as_bytes()]).as_deref(), Some(name), "{line}");
        }
    }

    #[test]
    fn what_is_more_exact_is_preferred_in_any_order_and_line() {
        let extended = &b"attachment; filename*=UTF-8''x"[..];
        let plain = &b"attachment; filename=p"[..];
        for lines in [
            &[extended, plain][..],
            &[plain, extended],
            &[b"attachment; filename=p; filename*=UTF-8''x"],
            &[b"attachment; filename*=UTF-8''x; filename=p; filename*0=c"],
        ] {
            let names: Vec<_> = names(&headers(lines)).collect();
            assert_eq!(names.first().map(String::as_str), Some("x"));
            assert_eq!(names.last().map(String::as_str), Some("p"));
        }
        assert_eq!(first(&[plain, b"inline; filename=q"]).as_deref(), Some("p"));
    }

    #[test]
    fn an_extended_name_that_cannot_be_read_leaves_the_plain_one() {
        for value in ["a.txt", "UTF-8'a.txt", "no-such'' a", "\u{e9}''a", ""] {
            let line = format!("attachment; filename*={value}; filename=p");
            assert_eq!(first(&[line.as_bytes()]).as_deref(), Some("p"), "{line}");
        }
    }

    #[test]
    fn pieces_are_joined_in_the_order_of_their_numbers() {
        for (rest, name) in [
            ("filename*0=a; filename*1=\"b%20\"; filename*2=c", "ab%20c"),
            ("filename*1=b; filename*0=a", "ab"),
            ("filename*0=a'b'c", "a'b'c"),
            (
                "filename*0*=UTF-8''%e2%82; filename*1*=%ac; filename*2=.txt",
                "\u{20ac}.txt",
            ),
            ("filename*0*=a%20b", "a b"),
            ("filename*0=a; filename*2=c; filename*0=x", "a"),
            ("filename=p; filename*0=a", "a"),
            ("filename=p; filename*1=a", "p"),
            ("filename=p; filename*99999999999999999999=a", "p"),
            ("filename=p; filename*0*=no-such''a", "p"),
        ] {
            let line = format!("attachment; {rest}");
            assert_eq!(first(&[line.as_bytes()]).as_deref(), Some(name), "{line}");
        }
    }

    #[test]
    fn bytes_without_a_charset_are_utf_8_or_else_latin_1() {
        assert_eq!(
            first(&[b"attachment; filename=\"\xe9\x80.txt\""]).as_deref(),
            Some("\u{e9}\u{20ac}.txt")
        );
    }

    #[test]
    fn what_has_no_name_gives_none() {
        for line in [
            "",
            "attachment",
            "attachment; name=a",
            "=",
            ";=;",
            "\"filename=a\"",
            "attachment; filenames=a; xfilename=b; filename**=c; filename*x=d",
        ] {
            assert_eq!(first(&[line.as_bytes()]), None, "{line}");
        }
        assert_eq!(first(&[]), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn garbage_is_read_without_a_panic(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..3)) {
            let lines: Vec<_> = lines.iter().map(Vec::as_slice).collect();
            let _ = first(&lines);
        }

        #[test]
        fn what_looks_like_a_name_is_read_without_a_panic(line in "(filename(\\*[0-3]?\\*?)? ?=|[;'\"%\\\\ a]|UTF-8''|%[0-9a-f]{2}|\u{e9}){0,20}") {
            let _ = first(&[line.as_bytes()]);
        }

        #[test]
        fn a_quoted_name_is_read_as_it_was_written(name in "[^\\x00-\\x1f\\x7f]{0,40}") {
            let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
            let line = format!("attachment; filename=\"{escaped}\"; x=y");
            prop_assert_eq!(first(&[line.as_bytes()]), Some(name));
        }
    }
}

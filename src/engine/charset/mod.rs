//! What the text of a body is decoded by: its byte order mark, then the charset of its Content-Type, then the `<meta>` of
//! HTML, then UTF-8. Pure. What no encoding is known for counts as not said.

mod cursor;
mod html;

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

use cursor::Cursor;

/// How far into a page its `<meta>` is looked for, as the HTML standard advises.
const PRESCANNED: usize = 1_024;

/// Room for every label there is (the longest has 19 characters), were each of its characters escaped.
const LABEL_SPACE: usize = 40;

/// Whether `body` is text in UTF-8, as most is: then nobody needs this file to read it.
pub(crate) fn is_utf8(content_type: Option<&[u8]>, body: &[u8]) -> bool {
    find(content_type, body).0 == UTF_8
}

/// The body as text, never failing: what cannot be decoded becomes U+FFFD. Without the byte order mark.
pub fn decode<'a>(content_type: Option<&[u8]>, body: &'a [u8]) -> Cow<'a, str> {
    let (encoding, mark) = find(content_type, body);
    encoding.decode_without_bom_handling(&body[mark..]).0
}

/// The encoding of a body, and the length of its byte order mark.
fn find(content_type: Option<&[u8]>, body: &[u8]) -> (&'static Encoding, usize) {
    Encoding::for_bom(body).unwrap_or_else(|| {
        let declared = content_type.and_then(|content_type| declared(content_type, body));
        (declared.unwrap_or(UTF_8), 0)
    })
}

fn declared(content_type: &[u8], body: &[u8]) -> Option<&'static Encoding> {
    of_content_type(content_type).or_else(|| {
        let head = &body[..body.len().min(PRESCANNED)];
        is_html(content_type).then(|| html::find(head)).flatten()
    })
}

fn is_html(content_type: &[u8]) -> bool {
    let media_type = Cursor(content_type).until(|b| b == b';').trim_ascii();
    media_type.eq_ignore_ascii_case(b"text/html")
        || media_type.eq_ignore_ascii_case(b"application/xhtml+xml")
}

/// The first `charset` among the parameters, by the MIME standard, and as servers write it: with spaces around the equals
/// sign, and in single quotes.
fn of_content_type(content_type: &[u8]) -> Option<&'static Encoding> {
    let mut rest = Cursor(content_type);
    loop {
        rest.until(|b| b == b';');
        rest.peek()?;
        rest.pass(1);
        let name = rest.until(|b| matches!(b, b';' | b'=')).trim_ascii();
        if rest.peek()? == b';' {
            continue;
        }
        rest.pass(1);
        let value = rest.parameter_value();
        if name.eq_ignore_ascii_case(b"charset") && !value.is_empty() {
            return from_escaped_label(value);
        }
    }
}

fn from_escaped_label(label: &[u8]) -> Option<&'static Encoding> {
    if label.len() > LABEL_SPACE {
        return None;
    }
    // No label has a backslash of its own. The spaces that are left are trimmed.
    let mut plain = [b' '; LABEL_SPACE];
    let unescaped = label.iter().filter(|byte| **byte != b'\\');
    for (to, from) in plain.iter_mut().zip(unescaped) {
        *to = *from;
    }
    from_label(&plain)
}

/// The replacement encoding makes one U+FFFD of any text, which protects a browser and helps nobody here.
fn from_label(label: &[u8]) -> Option<&'static Encoding> {
    Encoding::for_label_no_replacement(label)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(content_type: &str, body: impl AsRef<[u8]>) -> &'static str {
        let (encoding, _) = find(Some(content_type.as_bytes()), body.as_ref());
        let is_utf8 = is_utf8(Some(content_type.as_bytes()), body.as_ref());
        assert_eq!(is_utf8, encoding == UTF_8);
        encoding.name()
    }

    #[test]
    fn what_says_most_is_heard_first() {
        let meta = b"<meta charset=gbk>".as_slice();
        let cases: [(&[u8], &str, &str); 9] = [
            (b"\xef\xbb\xbf", "text/html; charset=koi8-r", "UTF-8"),
            (b"\xff\xfe", "text/html; charset=koi8-r", "UTF-16LE"),
            (b"\xfe\xff", "text/html; charset=utf-8", "UTF-16BE"),
            (b"", "text/html; charset=koi8-r", "KOI8-R"),
            (b"", "text/html; charset=utf-8", "UTF-8"),
            (b"", "text/html", "GBK"),
            (b"", "text/html; charset=nonsense", "GBK"),
            (b"", "text/plain", "UTF-8"),
            (b"", "text/plain; charset=nonsense", "UTF-8"),
        ];
        for (mark, content_type, expected) in cases {
            let body = [mark, meta].concat();
            assert_eq!(name(content_type, body), expected, "{content_type}");
        }
        assert!(is_utf8(None, meta) && is_utf8(None, b""));
        assert!(!is_utf8(None, b"\xff\xfea\0"));
    }

    #[test]
    fn a_charset_is_read_however_servers_write_it() {
        for (content_type, expected) in [
            ("text/plain;charset=shift_jis", "Shift_JIS"),
            ("text/plain; CHARSET=Shift_JIS", "Shift_JIS"),
            ("text/plain ;\tcharset = shift_jis ; a=b", "Shift_JIS"),
            ("text/plain; charset=\"shift_jis\"", "Shift_JIS"),
            ("text/plain; charset= \" shift_jis\" x; a", "Shift_JIS"),
            ("text/plain; charset=\"s\\hift\\_jis\"", "Shift_JIS"),
            ("text/plain; charset=\"shift_jis", "Shift_JIS"),
            ("text/plain; charset='shift_jis'", "Shift_JIS"),
            ("text/plain; charset='shift_jis; a=b", "Shift_JIS"),
            ("text/plain;; a; b=; charset=sjis", "Shift_JIS"),
            ("text/plain; charset=; charset=sjis", "Shift_JIS"),
            ("text/plain; charset=\"\"; charset=sjis", "Shift_JIS"),
            ("text/plain; charset=sjis; charset=koi8-r", "Shift_JIS"),
            (
                "text/plain; a=\"; charset=koi8-r; \\\"\"; charset=sjis",
                "Shift_JIS",
            ),
            ("; charset=sjis", "Shift_JIS"),
            ("application/json; charset=latin1", "windows-1252"),
            ("text/plain; charset=iso-8859-1", "windows-1252"),
            ("text/plain; charset=us-ascii", "windows-1252"),
            ("text/plain; charset=utf-16", "UTF-16LE"),
            ("text/plain; charset=gb2312", "GBK"),
        ] {
            assert_eq!(name(content_type, ""), expected, "{content_type}");
        }
    }

    #[test]
    fn whatever_names_no_encoding_is_utf_8() {
        let long = format!("text/plain; charset=sjis{}x", " ".repeat(100));
        for content_type in [
            "",
            ";",
            "application/json",
            "text/plain; charset=UTF-8",
            "text/plain; charset=\"Utf8\"",
            "text/plain; charset",
            "text/plain; charset=",
            "text/plain; charset=\"\"",
            "text/plain; charset=''",
            "text/plain; charset=\"",
            "text/plain; charset=\"\\",
            "text/plain; xcharset=koi8-r",
            "text/plain, charset=koi8-r",
            "charset=koi8-r",
            "text/plain; charset=nonsense; charset=koi8-r",
            "text/plain; charset=utf-7",
            "text/plain; charset=replacement",
            "text/plain; charset=hz-gb-2312",
            "text/plain; charset=iso-2022-kr",
            "text/plain; charset=csEUCPkdFmtJapanesex",
            "text/plain; charset=\u{ff53}jis",
            &long,
        ] {
            assert_eq!(name(content_type, ""), "UTF-8", "{content_type}");
        }
    }

    #[test]
    fn a_page_says_in_its_meta_what_it_is_in() {
        for html in [
            "<meta charset=koi8-r>",
            "<META CHARSET='KOI8-R'>",
            "<meta charset=\"koi8-r\"/>",
            "<meta/charset = koi8-r />",
            "<meta\n\tname=x charset\n=\n' koi8-r '\x0c>",
            "<meta charset=koi8-r charset=gbk>",
            "<meta http-equiv=content-type content='text/html; charset=koi8-r'>",
            "<meta content=\"text/html;charset=koi8-r;x\" http-equiv=\"Content-Type\">",
            "<meta http-equiv=content-type content=' CHARSET\t= \"koi8-r\" '>",
            "<meta http-equiv=content-type content=\"charset='koi8-r'\">",
            "<meta http-equiv=content-type content='charset charset=koi8-r'>",
            "<meta http-equiv=content-type content='x-charset=koi8-r'>",
            "<meta http-equiv=content-type content='charset=gbk' charset=koi8-r>",
            "<!doctype html><html lang=\"a>b\"><head><title>x</title><meta charset=koi8-r>",
            "<?xml version='1.0'?><meta charset=koi8-r>",
            "<!-- <meta charset=gbk> --><meta charset=koi8-r>",
            "<!--><meta charset=koi8-r><!-- -->",
            "<!---><meta charset=koi8-r>",
            "<a title='<meta charset=gbk>'><meta charset=koi8-r>",
            "</a title='<meta charset=gbk>'><meta charset=koi8-r>",
            "<metacharset=gbk><meta =charset=gbk><meta charset=koi8-r>",
            "<meta charset=nonsense><meta charset=koi8-r>",
            "<meta content='charset=gbk'><meta charset=koi8-r>",
            "<meta><meta name=charset content=gbk><meta charset=koi8-r>",
            "<meta http-equiv=refresh content='0; charset=gbk'><meta charset=koi8-r>",
            "a < b <3 <<meta charset=koi8-r>",
            "\u{e9}\0<meta charset=koi8-r>",
        ] {
            for content_type in ["text/html", "Application/XHTML+XML ; a=b"] {
                assert_eq!(name(content_type, html), "KOI8-R", "{html}");
            }
            assert_eq!(name("application/json", html), "UTF-8", "{html}");
        }
    }

    #[test]
    fn a_meta_that_says_nothing_leaves_utf_8() {
        for html in [
            "",
            "<",
            "<meta",
            "<meta ",
            "<meta charset",
            "<meta charset=koi8-r",
            "<meta charset=koi8-r ",
            "<meta charset='koi8-r>",
            "<meta charset=>",
            "<meta charset=nonsense>",
            "<meta charset=iso-2022-kr>",
            "<meta charset=utf-16>",
            "<meta charset=utf-16be>",
            "<meta charset=nonsense content='charset=koi8-r' http-equiv=content-type>",
            "<meta content='charset=koi8-r'>",
            "<meta http-equiv=content-type>",
            "<meta http-equiv=content-type content=''>",
            "<meta http-equiv=content-type content='charset'>",
            "<meta http-equiv=content-type content='charset='>",
            "<meta http-equiv=content-type content='charset=\"koi8-r'>",
            "<meta =charset=koi8-r>",
            "<!-- <meta charset=koi8-r>",
            "<!-- <meta charset=koi8-r> ->",
            "<a title='<meta charset=koi8-r>",
            "</ <meta charset=koi8-r>",
            "<! <meta charset=koi8-r>",
            "< meta charset=koi8-r>",
        ] {
            assert_eq!(name("text/html", html), "UTF-8", "{html}");
        }
        let user_defined = "<meta charset=x-user-defined>";
        assert_eq!(name("text/html", user_defined), "windows-1252");
    }

    #[test]
    fn a_meta_counts_as_far_as_it_is_looked_for() {
        let meta = "<meta charset=koi8-r>";
        for (before, expected) in [
            (1_024 - meta.len(), "KOI8-R"),
            (1_025 - meta.len(), "UTF-8"),
        ] {
            let html = format!("{}{meta}", " ".repeat(before));
            assert_eq!(name("text/html", html), expected);
        }
    }

    #[test]
    fn text_comes_without_its_mark_and_whatever_it_is_made_of() {
        let cases: [(&str, &[u8], &str); 12] = [
            ("", b"\xef\xbb\xbfa", "a"),
            ("", b"\xef\xbb\xbf\xef\xbb\xbfa", "\u{feff}a"),
            ("", b"\xff\xfea\0\x3d\xd8\x00\xde", "a\u{1f600}"),
            ("", b"\xfe\xff\0a\xd8", "a\u{fffd}"),
            ("", b"a\xe9b\xf0\x9f", "a\u{fffd}b\u{fffd}"),
            ("; charset=latin1", b"\xe9\x80", "\u{e9}\u{20ac}"),
            ("; charset=sjis", b"\x93\xfa\x96\x7b", "\u{65e5}\u{672c}"),
            ("; charset=sjis", b"\x93", "\u{fffd}"),
            ("; charset=euc-kr", b"\xb0\xa1", "\u{ac00}"),
            ("; charset=utf-16be", b"\0a", "a"),
            ("; charset=utf-7", b"+AOk-\xe9", "+AOk-\u{fffd}"),
            ("; charset=iso-2022-kr", b"a\xe9", "a\u{fffd}"),
        ];
        for (content_type, body, expected) in cases {
            let text = decode(Some(content_type.as_bytes()), body);
            assert_eq!(text, expected, "{content_type} {body:x?}");
        }
    }

    #[test]
    fn text_in_utf_8_is_not_copied() {
        let text = decode(Some(b"application/json; charset=utf-8"), b"\xef\xbb\xbf{}");
        assert!(matches!(text, Cow::Borrowed("{}")));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn any_bytes_are_text(
            parameter in "(text/html)?(; ?charset=)?[\"'a-z0-9\\\\;= -]{0,12}",
            html in "(<(meta|!--|/?a|[?!])?|charset|=|['\" />;]|-->|gbk|http-equiv=content-type|content){0,24}",
            body in any::<Vec<u8>>(),
        ) {
            decode(Some(&body), &body);
            let body = [html.as_bytes(), &body].concat();
            let text = decode(Some(parameter.as_bytes()), &body);
            if is_utf8(Some(parameter.as_bytes()), &body) {
                let unmarked = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&body);
                prop_assert_eq!(text, String::from_utf8_lossy(unmarked));
            }
        }

        #[test]
        fn text_that_says_nothing_of_its_encoding_is_utf_8(text in any::<String>()) {
            let text = text.trim_start_matches('\u{feff}');
            prop_assert_eq!(decode(None, text.as_bytes()), text);
        }
    }
}

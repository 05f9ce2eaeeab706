//! The encoding that a page of HTML says in its `<meta>`.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};

use super::cursor::Cursor;
use super::from_label;

/// The attributes of a `<meta>` that may say an encoding.
const NAMES: [&[u8]; 3] = [b"charset", b"content", b"http-equiv"];

/// The values of [`NAMES`].
type Attributes<'a> = [Option<&'a [u8]>; NAMES.len()];

/// What the first `<meta>` that names an encoding names, by the HTML standard (prescan a byte stream to determine its
/// encoding). What the end of `head` cuts off says nothing.
pub(super) fn find(head: &[u8]) -> Option<&'static Encoding> {
    let mut rest = Cursor(head);
    loop {
        rest.until(|b| b == b'<');
        match rest.0 {
            [] => return None,
            // The hyphens may be the same at both ends: `<!-->` is whole.
            [b'<', b'!', b'-', b'-', ..] => {
                rest.pass(2);
                rest.pass_word(b"-->")?;
            }
            tag if is_meta(tag) => {
                rest.pass(b"<meta".len());
                let encoding = of_meta(rest.attributes()?);
                if encoding.is_some() {
                    return encoding;
                }
            }
            [b'<', first, ..] | [b'<', b'/', first, ..] if first.is_ascii_alphabetic() => {
                rest.until(|b| b == b'>' || b.is_ascii_whitespace());
                rest.attributes()?;
            }
            [b'<', b'!' | b'/' | b'?', ..] => {
                rest.until(|b| b == b'>');
            }
            _ => rest.pass(1),
        }
    }
}

fn is_meta(tag: &[u8]) -> bool {
    tag.split_at_checked(b"<meta".len())
        .is_some_and(|(name, rest)| {
            name.eq_ignore_ascii_case(b"<meta") && rest.first().copied().is_some_and(is_gap)
        })
}

fn of_meta([charset, content, http_equiv]: Attributes) -> Option<&'static Encoding> {
    let is_content_type = |value: &[u8]| value.eq_ignore_ascii_case(b"content-type");
    let encoding = match charset {
        Some(label) => from_label(label),
        None if http_equiv.is_some_and(is_content_type) => of_meta_content(content?),
        None => None,
    }?;
    // A page whose `<meta>` can be read byte by byte is not in UTF-16, whatever it says.
    if encoding == UTF_16LE || encoding == UTF_16BE {
        return Some(UTF_8);
    }
    let is_private = encoding == X_USER_DEFINED;
    Some(if is_private { WINDOWS_1252 } else { encoding })
}

/// By the HTML standard (extracting a character encoding from a meta element), which asks for less than MIME does.
fn of_meta_content(content: &[u8]) -> Option<&'static Encoding> {
    let mut rest = Cursor(content);
    loop {
        rest.pass_word(b"charset")?;
        rest.pass_space();
        if rest.peek()? == b'=' {
            break;
        }
    }
    rest.pass(1);
    rest.pass_space();
    let label = match rest.peek()? {
        quote @ (b'"' | b'\'') => rest.quoted(quote)?,
        _ => rest.until(|b| b == b';' || b.is_ascii_whitespace()),
    };
    from_label(label)
}

/// What may stand between the attributes of a tag.
fn is_gap(byte: u8) -> bool {
    byte == b'/' || byte.is_ascii_whitespace()
}

impl<'a> Cursor<'a> {
    /// The rest of a tag; of each attribute, the first counts.
    fn attributes(&mut self) -> Option<Attributes<'a>> {
        let mut values = Attributes::default();
        loop {
            let (name, value) = self.attribute()?;
            if name.is_empty() {
                return Some(values);
            }
            let is_name = |known: &&[u8]| name.eq_ignore_ascii_case(known);
            if let Some(at) = NAMES.iter().position(is_name) {
                values[at].get_or_insert(value);
            }
        }
    }

    /// The next attribute, as its name and its value. Its name is empty where there is none and the tag ends.
    fn attribute(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        self.until(|b| !is_gap(b));
        // A name may begin with an equals sign, and ends before any other.
        let mut is_first = true;
        let name = self.until(|b| {
            let is_equals_sign = b == b'=' && !is_first;
            is_first = false;
            is_equals_sign || b == b'>' || is_gap(b)
        });
        self.pass_space();
        if self.peek()? != b'=' {
            return Some((name, b""));
        }
        self.pass(1);
        self.pass_space();
        let value = match self.peek()? {
            quote @ (b'"' | b'\'') => self.quoted(quote)?,
            _ => self.until(|b| b == b'>' || b.is_ascii_whitespace()),
        };
        self.peek()?;
        Some((name, value))
    }
}

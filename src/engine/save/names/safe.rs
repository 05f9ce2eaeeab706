//! Any text as one harmless name of a file: on every system, in every shell, and in the eyes of who reads it.

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

/// Bytes of a name, so that there is room for a number and for what unfinished files are called.
pub(super) const MAX: usize = 200;

/// Bytes of an extension, without its dot: what is longer is part of a sentence.
const MAX_EXTENSION: usize = 20;

const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// `text` as a name; `None` where nothing is left of it.
pub(super) fn safe(text: &str) -> Option<String> {
    let visible: String = text.chars().map(harmless).collect();
    let name = with_harmless_start(&cut(&visible))?;
    if is_device(&name) {
        // Once more, since it may be one only now that it was cut, and is longer again.
        return Some(cut(&format!("_{name}")));
    }
    Some(name)
}

fn harmless(character: char) -> char {
    if is_separator(character) || is_reserved(character) || is_invisible(character) {
        '_'
    } else {
        character
    }
}

fn is_separator(character: char) -> bool {
    matches!(character, '/' | '\\')
}

/// What Windows takes for something else than a part of a name.
fn is_reserved(character: char) -> bool {
    matches!(character, ':' | '*' | '?' | '"' | '<' | '>' | '|') || character.is_control()
}

/// What moves, hides or breaks the text around it.
fn is_invisible(character: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    matches!(
        category,
        GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    )
}

/// A name that is not hidden, no option of a command, and no home.
fn with_harmless_start(name: &str) -> Option<String> {
    let first = name.chars().next()?;
    if !matches!(first, '.' | '-' | '~') {
        return Some(name.into());
    }
    Some(format!("_{}", &name[first.len_utf8()..]))
}

/// At most [`MAX`] bytes of `name`, its extension among them, without the end that Windows drops.
fn cut(name: &str) -> String {
    let name = without_dropped_end(name);
    if name.len() <= MAX {
        return name.into();
    }
    let (stem, extension) = split_extension(name);
    let stem = head(stem, MAX - extension.len());
    without_dropped_end(&format!("{stem}{extension}")).into()
}

fn without_dropped_end(name: &str) -> &str {
    name.trim_end_matches(['.', ' '])
}

/// As much of `text` as fits in `max` bytes.
pub(super) fn head(text: &str, max: usize) -> &str {
    let fits = |&end: &usize| text.is_char_boundary(end);
    let end = (0..=max.min(text.len())).rev().find(fits);
    &text[..end.unwrap_or(0)]
}

/// `name`, which may be a path, in two: its extension begins with the dot, may be `.tar.gz`, and is empty if there is none.
pub(super) fn split_extension(name: &str) -> (&str, &str) {
    let outer = extension_start(name);
    let inner = extension_start(&name[..outer]);
    let is_archive = name[inner..outer].eq_ignore_ascii_case(".tar");
    name.split_at(if is_archive { inner } else { outer })
}

fn extension_start(name: &str) -> usize {
    let is_extension = |&at: &usize| {
        let (stem, extension) = (&name[..at], &name[at + 1..]);
        (1..=MAX_EXTENSION).contains(&extension.len())
            && !extension
                .contains(|character: char| character.is_whitespace() || is_separator(character))
            && !stem.is_empty()
            && !stem.ends_with(is_separator)
    };
    name.rfind('.').filter(is_extension).unwrap_or(name.len())
}

/// Whether Windows opens a device under this name, in any folder.
fn is_device(name: &str) -> bool {
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    let stem = stem.trim_end_matches(' ');
    let is_named = DEVICES
        .iter()
        .any(|device| stem.eq_ignore_ascii_case(device));
    is_named || is_port(stem)
}

/// `COM1`, `LPT9`, and with the digits of Latin-1 that Windows takes for the same.
fn is_port(stem: &str) -> bool {
    let Some((kind, number)) = stem.split_at_checked(3) else {
        return false;
    };
    let mut digits = number.chars();
    let is_digit =
        |digit: char| digit.is_ascii_digit() || matches!(digit, '\u{b9}' | '\u{b2}' | '\u{b3}');
    (kind.eq_ignore_ascii_case("COM") || kind.eq_ignore_ascii_case("LPT"))
        && digits.next().is_some_and(is_digit)
        && digits.next().is_none()
}

/// Whether Windows makes a file of exactly this name, and not a device, a stream of another file, or nothing.
pub(super) fn is_kept_by_windows(name: &str) -> bool {
    !name.contains(is_reserved) && without_dropped_end(name) == name && !is_device(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, name: &str) {
        assert_eq!(safe(text).as_deref(), Some(name), "{text:?}");
    }

    #[test]
    fn a_harmless_name_stays_as_it_is() {
        for name in [
            "a.txt",
            "a b.tar.gz",
            "\u{4f60}\u{597d}.html",
            "e\u{301}.txt",
            "a..b",
            "a-~.b",
            " a",
            "constant.txt",
            "COM10",
            "com",
            "comx",
            "x.con",
            "\u{1f469}\u{1f3fd}.png",
            "100%",
            "_",
            "\u{fffd}",
        ] {
            check(name, name);
        }
    }

    #[test]
    fn nothing_leads_out_of_the_folder() {
        check("../../x", "_._.._x");
        check("../", "_._");
        check("..\\x", "_._x");
        check("/etc/x", "_etc_x");
        check("C:\\x", "C__x");
        check("\\\\server\\share", "__server_share");
        check("a/b", "a_b");
        check("x:stream", "x_stream");
    }

    #[test]
    fn nothing_is_hidden_or_an_option_or_a_home() {
        check(".bashrc", "_bashrc");
        check("..a", "_.a");
        check("-rf", "_rf");
        check("--", "_-");
        check("~", "_");
        check("~root", "_root");
    }

    #[test]
    fn what_is_not_seen_or_not_allowed_is_replaced() {
        check("a\0b\nc\u{7f}d\u{85}e", "a_b_c_d_e");
        check("a*?\"<>|b", "a______b");
        check("\u{202e}gpj.exe", "_gpj.exe");
        check(
            "a\u{200b}\u{200d}\u{feff}\u{ad}\u{2028}\u{2029}\u{e0041}b",
            "a_______b",
        );
        check("\u{202e}..", "_");
    }

    #[test]
    fn an_end_that_windows_drops_is_cut() {
        check("a.txt. . ", "a.txt");
        check("a ", "a");
    }

    #[test]
    fn where_nothing_is_left_there_is_no_name() {
        for text in ["", ".", "..", "...", " ", " . "] {
            assert_eq!(safe(text), None, "{text:?}");
        }
    }

    #[test]
    fn devices_of_windows_are_files() {
        for name in [
            "CON",
            "con",
            "NUL.txt",
            "nul.tar.gz",
            "Aux .txt",
            "prn.",
            "COM1",
            "lpt9.x",
            "COM0",
            "com\u{b9}",
            "LPT\u{b3}.txt",
            "CONIN$",
            "conout$.log",
        ] {
            check(name, &format!("_{}", name.trim_end_matches('.')));
        }
        // It becomes one when it is cut.
        check(&format!("con{}x", " ".repeat(300)), "_con");
        let long = format!("con.{}", "x y".repeat(100));
        assert_eq!(safe(&long).map(|name| name.len()), Some(MAX));
    }

    #[test]
    fn a_long_name_keeps_its_extension_and_whole_characters() {
        let long = "\u{20ac}".repeat(2_000);
        for extension in ["", ".txt", ".tar.gz", ".12345678901234567890", ".\u{e9}"] {
            let name = safe(&format!("{long}{extension}")).expect("there is one");
            assert!(name.ends_with(extension), "{name}");
            assert!((MAX - 2..=MAX).contains(&name.len()), "{name}");
        }
        check(
            &format!("{}.{}", "a".repeat(199), "b".repeat(21)),
            &"a".repeat(199),
        );
        check(&format!("{}.b c", "a".repeat(199)), &"a".repeat(199));
    }

    #[test]
    fn an_extension_is_short_and_of_one_word() {
        for (stem, extension) in [
            ("a", ".b"),
            ("a.b", ".c"),
            ("a", ".tar.gz"),
            ("a", ".TAR.xz"),
            ("a", ".tar"),
            ("a", ""),
            (".a", ""),
            ("Mr. Smith", ""),
            ("x/.a", ""),
            ("x/a", ".b"),
            ("x.y/a", ""),
            (".tar", ".gz"),
            ("a.", ""),
            ("", ""),
        ] {
            assert_eq!(
                split_extension(&format!("{stem}{extension}")),
                (stem, extension)
            );
        }
    }

    #[test]
    fn windows_does_not_keep_every_name() {
        for name in ["a", ".a", "a b", "-", "_con"] {
            assert!(is_kept_by_windows(name), "{name}");
        }
        for name in [
            "a.", "a ", "...", ".. ", "a:b", "C:", "nul", "com1.txt", "a?", "a\tb", "<",
        ] {
            assert!(!is_kept_by_windows(name), "{name}");
        }
    }

    fn assert_safe(name: &str) -> Result<(), TestCaseError> {
        prop_assert!(!name.is_empty() && name.len() <= MAX, "{:?}", name);
        prop_assert!(!name.starts_with(['.', '-', '~']), "{:?}", name);
        prop_assert!(!name.contains(['/', '\\', ':']) && !name.contains(char::is_control));
        prop_assert!(is_kept_by_windows(name), "{:?}", name);
        prop_assert_eq!(safe(name), Some(name.into()));
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_text_becomes_a_safe_name_or_none(text in "\\PC{0,80}|(?s:.){0,300}") {
            if let Some(name) = safe(&text) {
                assert_safe(&name)?;
            }
        }

        #[test]
        fn nasty_text_becomes_a_safe_name_or_none(text in "(\\.|/|\\\\|-|~| {1,90}|con|NUL|com\u{b2}|:|\0|%2e|\\.tar|\u{20ac}{1,70}|a{1,199}|b){0,9}") {
            if let Some(name) = safe(&text) {
                assert_safe(&name)?;
            }
        }

        #[test]
        fn nothing_that_cannot_be_seen_is_left(text in "[\\p{Cf}\\p{Cc}\\p{Zl}\\p{Zp}]{1,50}") {
            prop_assert!(safe(&text).is_some_and(|name| name.bytes().all(|byte| byte == b'_')));
        }
    }
}

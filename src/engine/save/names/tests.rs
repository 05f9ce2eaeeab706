//! What comes out of whatever a server or a caller writes.

use http::header::{CONTENT_DISPOSITION, HeaderValue};
use proptest::prelude::*;

use super::*;

fn named(url: &str) -> String {
    of_url(&Url::parse(url).expect(url))
}

fn given(line: &[u8]) -> Option<String> {
    let mut headers = HeaderMap::new();
    headers.append(CONTENT_DISPOSITION, HeaderValue::from_bytes(line).ok()?);
    of_headers(&headers)
}

#[test]
fn a_url_names_the_last_segment_of_its_path() {
    for (rest, name) in [
        ("", "index.html"),
        ("/", "index.html"),
        ("/a/", "index.html"),
        ("/?x=a.txt", "index.html"),
        ("/a.txt?x=/b#/c", "a.txt"),
        ("/x/a%20b.txt", "a b.txt"),
        ("/%E4%BD%A0.txt", "\u{4f60}.txt"),
        ("/\u{4f60}.txt", "\u{4f60}.txt"),
        ("/%ff.txt", "\u{fffd}.txt"),
        ("/100%", "100%"),
        ("/..%2f", "_._"),
        ("/..%2f..%2fx", "_._.._x"),
        ("/..%252fx", "_.%2fx"),
        ("/%2e%2e/", "index.html"),
        ("/a/%2e%2e", "index.html"),
        ("/%2e%2e%20", "index.html"),
        ("/..\\x", "x"),
        ("/..%5cx", "_._x"),
        ("/C:%5Cx", "C__x"),
        ("/%2Fetc%2Fx", "_etc_x"),
        ("/a%00.txt", "a_.txt"),
        ("/%E2%80%AEgpj.exe", "_gpj.exe"),
        ("/a.txt.%20", "a.txt"),
        ("/NUL.txt", "_NUL.txt"),
        ("/.bashrc", "_bashrc"),
        ("/~", "_"),
        ("/-rf", "_rf"),
        ("/.a.part", "_a.part"),
        ("/a;v=1", "a;v=1"),
    ] {
        assert_eq!(named(&format!("http://a.example{rest}")), name, "{rest}");
    }
    assert_eq!(named("data:,x"), ",x");
    let long = format!("http://a.example/{}.html", "x".repeat(5_000));
    assert_eq!(named(&long).len(), safe::MAX);
}

#[test]
fn a_header_names_a_file_in_its_folder() {
    for (line, name) in [
        ("attachment; filename=\"../../x\"", "_._.._x"),
        ("attachment; filename=\"..\\\\x\"", "_._x"),
        ("attachment; filename=\"/etc/x\"", "_etc_x"),
        ("attachment; filename=\"C:\\\\x\"", "C__x"),
        ("attachment; filename*=UTF-8''..%2f", "_._"),
        ("attachment; filename*=UTF-8''%00a", "_a"),
        ("attachment; filename*=UTF-16LE''%2f%00%2e%00", "_"),
        ("attachment; filename=.bashrc", "_bashrc"),
        ("attachment; filename=CON", "_CON"),
        ("attachment; filename*0=..; filename*1=/x", "_._x"),
    ] {
        assert_eq!(given(line.as_bytes()).as_deref(), Some(name), "{line}");
    }
}

#[test]
fn a_header_without_a_name_that_can_be_used_gives_none() {
    for line in [
        "attachment",
        "attachment; filename=\"\"",
        "attachment; filename=\"..\"",
        "attachment; filename*=UTF-8''.; filename=\" \"",
    ] {
        assert_eq!(given(line.as_bytes()), None, "{line}");
    }
    assert_eq!(of_headers(&HeaderMap::new()), None);
    let line = b"attachment; filename*=UTF-8''..; filename=a";
    assert_eq!(given(line).as_deref(), Some("a"));
}

#[test]
fn a_path_that_stays_inside_is_normalised() {
    for (path, expected) in [
        ("a", "a"),
        ("a/b.txt", "a/b.txt"),
        ("./a//b", "a/b"),
        ("a/./b", "a/b"),
        ("a/../b", "b"),
        ("a/b/../../c", "c"),
        (".a/-b/~c", ".a/-b/~c"),
        ("a/...", "a/..."),
        (".part", ".part"),
        ("a.part", "a.part"),
        ("a/.b.part/c", "a/.b.part/c"),
        ("con", "con"),
        ("ab: c?", "ab: c?"),
        ("a\\..\\b", "a\\..\\b"),
    ] {
        assert_eq!(explicit_on(path, false), Ok(expected.into()), "{path}");
    }
    for (path, expected) in [("a\\b/c", "a/b/c"), ("a\\..\\b", "b"), ("a.b c", "a.b c")] {
        assert_eq!(explicit_on(path, true), Ok(expected.into()), "{path}");
    }
}

#[test]
fn a_path_that_leads_elsewhere_is_refused_with_the_reason() {
    for (path, why) in [
        ("", "no name"),
        ("a\0b", "NUL"),
        ("..", "leaves"),
        ("../a", "leaves"),
        ("a/../../a", "leaves"),
        ("./..//a", "leaves"),
        ("/a", "relative"),
        ("//server/a", "relative"),
        ("\\a", "relative"),
        ("\\\\?\\C:\\a", "relative"),
        ("./\\a", "relative"),
        ("C:a", "relative"),
        ("c:/a", "relative"),
        ("x/../c:a", "relative"),
        (".", "folder"),
        ("a/", "folder"),
        ("a/.", "folder"),
        ("a/b/..", "folder"),
        (".a.part", "finished"),
        ("x/.a.PART.json", "finished"),
        ("./.a.part.j\u{17f}on", "finished"),
    ] {
        let error = explicit_on(path, false).expect_err(path);
        assert_eq!(error.code, Code::InvalidArgValue, "{path:?}");
        assert!(error.detail.contains(why), "{error}");
    }
}

#[test]
fn what_windows_takes_for_something_else_is_refused_there() {
    for path in [
        "a\\..\\..\\b",
        "..\\a",
        "\\a",
        "C:\\a",
        ".. /a",
        "a/.../b",
        "a.",
        "a /b",
        "a:b",
        "NUL",
        "a/com1.txt/b",
        "a*",
        "a\\",
        "x\\.a.part",
    ] {
        let error = explicit_on(path, true).expect_err(path);
        assert_eq!(error.code, Code::InvalidArgValue, "{path:?}");
    }
}

#[test]
fn an_unfinished_file_is_beside_its_name() {
    assert_eq!(unfinished("a.txt"), ".a.txt.part");
    assert_eq!(notes("a.txt"), ".a.txt.part.json");
    assert_eq!(unfinished("x/y/a"), "x/y/.a.part");
    assert_eq!(notes("x/y/a"), "x/y/.a.part.json");
}

#[test]
fn the_unfinished_file_of_a_long_name_is_shortened_and_told_apart() {
    let fits = "a".repeat(244);
    assert_eq!(notes(&fits), format!(".{fits}.part.json"));
    let [one, other] = ["b", "c"].map(|end| format!("x/{}{end}", "\u{20ac}".repeat(84)));
    for name in [&one, &other] {
        let notes = notes(name);
        assert!((250..=255).contains(&(notes.len() - "x/".len())), "{notes}");
        assert!(is_unfinished(&notes[2..]));
        assert!(is_unfinished(&unfinished(name)[2..]));
    }
    assert_ne!(unfinished(&one), unfinished(&other));
    // Versions to come have to find it.
    let long = "a".repeat(250);
    let expected = format!(".{}-{}.part", "a".repeat(211), HASH_OF_250);
    assert_eq!(unfinished(&long), expected);
}

/// Of 250 times the letter a: `printf 'a%.0s' {1..250} | sha256sum`.
const HASH_OF_250: &str = "3f3e35e0a775d9b1d5ec2eccca06381c";

fn assert_safe(name: &str) -> Result<(), TestCaseError> {
    prop_assert!(!name.is_empty() && name.len() <= safe::MAX, "{:?}", name);
    prop_assert!(!name.starts_with(['.', '-', '~']), "{:?}", name);
    prop_assert!(!name.contains(['/', '\\']) && !name.contains(char::is_control));
    prop_assert!(!is_unfinished(name), "{:?}", name);
    prop_assert_eq!(safe::safe(name), Some(name.into()));
    for is_windows in [false, true] {
        prop_assert_eq!(explicit_on(name, is_windows), Ok(name.into()));
    }
    Ok(())
}

const NASTY_PATH: &str = "(\\.{1,3}|/|\\\\|[a-cC]:?|[ ~\0-]|\\.part|\\.json|nul){0,12}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_path_of_a_url_is_a_safe_name(path in "(?s:.){0,300}|(%[0-9a-f]{2}|\\.|/|%2f|%2e|con| ){0,90}") {
        let mut url = Url::parse("http://a.example").expect("it is one");
        assert_safe(&of_url(&url))?;
        if let Ok(joined) = url.join(&path) {
            assert_safe(&of_url(&joined))?;
        }
        url.set_path(&path);
        assert_safe(&of_url(&url))?;
    }

    #[test]
    fn any_header_gives_a_safe_name_or_none(
        start in prop::sample::select(vec!["", "attachment; filename=", "a; filename=\"", "a; filename*=UTF-8''", "a; filename*0*=''"]),
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"%./\\2ef~-".to_vec())], 0..300),
    ) {
        if let Some(name) = given(&[start.as_bytes(), &bytes].concat()) {
            assert_safe(&name)?;
        }
    }

    #[test]
    fn an_explicit_path_stays_inside(path in NASTY_PATH, is_windows: bool) {
        if let Ok(path) = explicit_on(&path, is_windows) {
            prop_assert!(!path.is_empty() && !path.contains('\0') && !is_rooted(&path));
            prop_assert!(path.split('/').all(|part| !matches!(part, "" | "." | "..")), "{:?}", path);
            prop_assert!(!is_windows || !path.contains(['\\', ':']), "{:?}", path);
            prop_assert!(!is_unfinished(path.rsplit('/').next().unwrap_or_default()));
            prop_assert_eq!(explicit_on(&path, is_windows), Ok(path));
        }
    }

    #[test]
    fn any_text_is_a_path_or_an_error(path in any::<String>()) {
        if let Err(error) = explicit(&path) {
            prop_assert_eq!(error.code, Code::InvalidArgValue);
        }
    }

    #[test]
    fn unfinished_files_fit_and_are_never_anybody_elses(name in "[^/\0]{1,300}", other in "[^/\0]{1,300}") {
        for unfinished in [unfinished(&name), notes(&name)] {
            prop_assert!(unfinished.len() <= MAX_BYTES);
            prop_assert!(is_unfinished(&unfinished), "{:?}", unfinished);
        }
        prop_assert!(name == other || unfinished(&name) != unfinished(&other));
        prop_assert_ne!(unfinished(&name), notes(&other));
    }
}

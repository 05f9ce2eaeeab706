//! Over real folders: what stands in them afterwards is what counts.

#[cfg(unix)]
mod unix;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::thread;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::error::Code;
use crate::save::folder::Found;
use std::time::SystemTime;

const URL: &str = "http://example.com/file";

const FRESH: Commit = Commit {
    replaces: false,
    durable: false,
};
const REPLACE: Commit = Commit {
    replaces: true,
    durable: false,
};
const DURABLE: Commit = Commit {
    replaces: false,
    durable: true,
};

/// A folder, and another one beside it that nothing may get into.
struct Place {
    temporary: TempDir,
    folder: Arc<Folder>,
}

impl Place {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Arc::new(Folder::make(&temporary.path().join("in/side"), false).unwrap());
        fs::create_dir(temporary.path().join("outside")).unwrap();
        Self { temporary, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path_of(name)
    }

    fn part_path(&self, name: &str) -> PathBuf {
        self.path(&names::unfinished(name))
    }

    fn notes_path(&self, name: &str) -> PathBuf {
        self.path(&names::notes(name))
    }

    fn begin(&self, name: &str) -> Result<Part, Error> {
        Part::begin(&self.folder, name)
    }

    fn resume(&self, name: &str) -> Part {
        Part::resume(&self.folder, name, URL).unwrap()
    }

    fn save(&self, name: &str, bytes: &[u8], how: Commit) -> Result<(), Error> {
        let mut part = self.begin(name)?;
        part.write(bytes)?;
        part.commit(how)
    }

    /// An unfinished file as an interrupted run leaves it.
    fn leave(&self, name: &str, notes: Notes, bytes: &[u8]) {
        let mut part = self.begin(name).unwrap();
        part.note(notes).unwrap();
        part.write(bytes).unwrap();
        part.keep();
    }

    /// The files inside by their names, with what is in them.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        list(&self.path(""), &self.path(""), &mut files);
        files
    }

    fn outside(&self) -> PathBuf {
        self.temporary.path().join("outside")
    }

    fn is_clean_outside(&self) -> bool {
        fs::read_dir(self.outside()).unwrap().next().is_none()
    }
}

fn list(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(root, &path, files);
        } else if path.is_file() {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            files.insert(name.replace('\\', "/"), fs::read(&path).unwrap());
        }
    }
}

fn notes() -> Notes {
    Notes {
        url: URL.into(),
        validator: "\"v1\"".into(),
        total: Some(10),
    }
}

fn all_bytes(part: &mut Part) -> Vec<u8> {
    let mut bytes = Vec::new();
    part.read_back(&mut |piece| bytes.extend_from_slice(piece))
        .unwrap();
    bytes
}

fn code<T>(result: Result<T, Error>) -> Option<Code> {
    result.err().map(|error| error.code)
}

#[test]
fn a_file_gets_its_name_when_it_is_complete_and_leaves_nothing_beside_it() {
    for how in [FRESH, REPLACE, DURABLE] {
        let place = Place::new();
        for name in ["a", "sub/folder/b"] {
            let mut part = place.begin(name).unwrap();
            part.note(notes()).unwrap();
            part.write(b"hello ").unwrap();
            part.write(b"world").unwrap();
            assert_eq!(place.folder.look(name), Ok(Found::Nothing));
            assert_eq!(part.size(), 11);
            part.commit(how).unwrap();
            assert_eq!(place.folder.look(name), Ok(Found::File { size: 11 }));
        }
        let expected = ["a", "sub/folder/b"].map(|name| (name.into(), b"hello world".to_vec()));
        assert_eq!(place.files(), BTreeMap::from(expected));
    }
}

#[test]
fn an_empty_file_is_a_file() {
    let place = Place::new();
    place.save("a", b"", FRESH).unwrap();
    assert_eq!(place.folder.look("a"), Ok(Found::File { size: 0 }));
}

#[test]
fn what_is_discarded_or_dropped_without_notes_leaves_nothing() {
    let place = Place::new();
    fs::write(place.path("a"), "mine").unwrap();
    fs::write(place.path("a.1"), "mine too").unwrap();
    let before = place.files();
    let endings: [fn(Part); 3] = [Part::discard, drop, Part::keep];
    for end in endings {
        let mut part = place.begin("a").unwrap();
        part.write(b"half").unwrap();
        end(part);
        assert_eq!(place.files(), before);
    }
    let mut part = place.begin("a").unwrap();
    part.note(notes()).unwrap();
    part.write(b"half").unwrap();
    part.discard();
    assert_eq!(place.files(), before);
}

#[test]
fn cleaning_up_leaves_what_another_program_has_put_there() {
    let place = Place::new();
    let part = place.begin("a").unwrap();
    fs::rename(place.part_path("a"), place.path("moved")).unwrap();
    fs::write(place.part_path("a"), "another's").unwrap();
    part.discard();
    assert_eq!(fs::read(place.part_path("a")).unwrap(), b"another's");
    assert!(place.path("moved").exists());
}

#[test]
fn what_is_kept_goes_on_where_it_was() {
    let place = Place::new();
    place.leave("sub/a", notes(), b"hello");
    let mut part = place.resume("sub/a");
    assert_eq!((part.size(), part.notes()), (5, Some(&notes())));
    assert_eq!(all_bytes(&mut part), b"hello");
    part.write(b"world").unwrap();
    assert_eq!(all_bytes(&mut part), b"helloworld");
    part.commit(FRESH).unwrap();
    let expected = [("sub/a".to_owned(), b"helloworld".to_vec())];
    assert_eq!(place.files(), BTreeMap::from(expected));
}

#[test]
fn what_was_not_closed_goes_on_too() {
    let place = Place::new();
    for _ in 0..2 {
        let mut part = place.resume("a");
        if part.size() == 0 {
            part.note(notes()).unwrap();
        }
        part.write(b"abc").unwrap();
        // As after a kill: the file and its notes stay as they are.
        drop(part);
    }
    assert_eq!(all_bytes(&mut place.resume("a")), b"abcabc");
    // Kept in order, then continued and killed: what is noted of its end is not true any more, and must not be noted.
    place.resume("a").keep();
    place.resume("a").write(b"abc").unwrap();
    assert_eq!(place.resume("a").size(), 9);
}

#[test]
fn resuming_and_keeping_without_a_byte_changes_nothing() {
    let place = Place::new();
    place.leave("a", notes(), b"hello");
    let before = place.files();
    place.resume("a").keep();
    assert_eq!(place.files(), before);
    assert_eq!(place.resume("a").size(), 5);
}

#[test]
fn bytes_are_kept_only_if_the_notes_fit() {
    type Harm = fn(&Place);
    let harms: [(&str, Harm); 9] = [
        ("no notes", |place| {
            fs::remove_file(place.notes_path("a")).unwrap();
        }),
        ("empty notes", |place| {
            fs::write(place.notes_path("a"), "").unwrap();
        }),
        ("torn notes", |place| {
            let text = fs::read(place.notes_path("a")).unwrap();
            fs::write(place.notes_path("a"), &text[..text.len() / 2]).unwrap();
        }),
        ("binary notes", |place| {
            fs::write(place.notes_path("a"), [0xff; 100]).unwrap();
        }),
        ("endless notes", |place| {
            fs::write(place.notes_path("a"), vec![b' '; 3 << 20]).unwrap();
        }),
        ("a longer file", |place| {
            fs::write(place.part_path("a"), "hello and more").unwrap();
        }),
        ("a shorter file", |place| {
            fs::write(place.part_path("a"), "hell").unwrap();
        }),
        ("a file changed", |place| {
            fs::write(place.part_path("a"), "HELLO").unwrap();
            let file = File::options().write(true).open(place.part_path("a"));
            file.unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        }),
        ("an empty file", |place| {
            fs::write(place.part_path("a"), "").unwrap();
        }),
    ];
    for (what, harm) in harms {
        let place = Place::new();
        place.leave("a", notes(), b"hello");
        harm(&place);
        let part = place.resume("a");
        assert_eq!((part.size(), part.notes()), (0, None), "{what}");
        assert_eq!(fs::read(place.part_path("a")).unwrap(), b"", "{what}");
        assert!(!place.notes_path("a").exists(), "{what}");
    }
}

#[test]
fn bytes_of_another_version_or_place_are_not_kept() {
    let place = Place::new();
    let with = |validator: &str, total| Notes {
        validator: validator.into(),
        total,
        ..notes()
    };
    for (validator, total, size) in [
        ("\"v1\"", None, 5),
        ("\"\"", Some(5), 5),
        ("\"v1\"", Some(4), 0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", Some(10), 5),
        ("W/\"v1\"", Some(10), 0),
        ("\"v1\r\nx: y\"", Some(10), 0),
        ("\"a\", \"b\"", Some(10), 0),
        ("\"", Some(10), 0),
        ("v1", Some(10), 0),
        ("yesterday", Some(10), 0),
        ("", Some(10), 0),
    ] {
        place.leave("a", with(validator, total), b"hello");
        assert_eq!(place.resume("a").size(), size, "{validator} {total:?}");
    }
    place.leave("a", notes(), b"hello");
    let other = Part::resume(&place.folder, "a", "http://example.com/other").unwrap();
    assert_eq!(other.size(), 0);
}

#[test]
fn notes_of_an_earlier_try_never_stand_beside_new_bytes() {
    let place = Place::new();
    place.leave("a", notes(), b"hello");
    let left = fs::read(place.notes_path("a")).unwrap();
    fs::remove_file(place.part_path("a")).unwrap();
    let mut part = place.begin("a").unwrap();
    part.write(b"other").unwrap();
    assert!(!place.notes_path("a").exists());
    part.note(notes()).unwrap();
    part.restart().unwrap();
    assert!(!place.notes_path("a").exists());
    part.write(b"another").unwrap();
    assert_eq!(all_bytes(&mut part), b"another");
    // A weak validator is none, and takes the place of a strong one.
    part.note(notes()).unwrap();
    let weak = Notes {
        validator: "W/\"v1\"".into(),
        ..notes()
    };
    part.note(weak).unwrap();
    assert_eq!(part.notes(), None);
    assert!(!place.notes_path("a").exists());
    assert!(!left.is_empty());
}

#[test]
fn a_restart_begins_anew_in_the_same_file() {
    let place = Place::new();
    place.leave("a", notes(), b"hello");
    let mut part = place.resume("a");
    part.restart().unwrap();
    assert_eq!((part.size(), part.notes()), (0, None));
    part.write(b"bye").unwrap();
    part.commit(FRESH).unwrap();
    assert_eq!(fs::read(place.path("a")).unwrap(), b"bye");
}

#[test]
fn a_checksum_that_does_not_fit_leaves_no_file() {
    let place = Place::new();
    let mut part = place.begin("a").unwrap();
    part.write(&vec![7; 200_000]).unwrap();
    assert_eq!(all_bytes(&mut part).len(), 200_000);
    part.discard();
    assert_eq!(place.files(), BTreeMap::new());
}

#[test]
fn nothing_is_replaced_unasked() {
    let place = Place::new();
    fs::write(place.path("a"), "old").unwrap();
    fs::create_dir(place.path("folder")).unwrap();
    let before = place.files();
    for name in ["a", "folder"] {
        let error = place.save(name, b"new", FRESH).unwrap_err();
        assert_eq!(error.code, Code::Exists);
        assert!(error.detail.contains(&format!("'{name}'")), "{error}");
    }
    assert_eq!(place.files(), before);
}

#[test]
fn what_appears_while_the_body_comes_is_not_replaced_either() {
    let place = Place::new();
    let mut part = place.begin("a").unwrap();
    part.note(notes()).unwrap();
    part.write(b"new").unwrap();
    fs::write(place.path("a"), "old").unwrap();
    assert_eq!(code(part.commit(FRESH)), Some(Code::Exists));
    let expected = [("a".to_owned(), b"old".to_vec())];
    assert_eq!(place.files(), BTreeMap::from(expected));
}

#[test]
fn a_regular_file_is_replaced_and_a_folder_is_not() {
    let place = Place::new();
    fs::write(place.path("a"), "old").unwrap();
    fs::create_dir(place.path("folder")).unwrap();
    place.save("a", b"new", REPLACE).unwrap();
    let refused = place.save("folder", b"new", REPLACE);
    assert_eq!(code(refused), Some(Code::IsDirectory));
    let expected = [("a".to_owned(), b"new".to_vec())];
    assert_eq!(place.files(), BTreeMap::from(expected));
}

#[test]
fn an_unfinished_file_is_one_writers_alone() {
    let place = Place::new();
    let mut first = place.begin("a").unwrap();
    first.note(notes()).unwrap();
    first.write(b"first").unwrap();
    let error = place.begin("a").unwrap_err();
    assert_eq!(error.code, Code::Busy);
    let second = Part::resume(&place.folder, "a", URL);
    assert_eq!(code(second), Some(Code::Busy));
    assert_eq!(all_bytes(&mut first), b"first");
    first.commit(FRESH).unwrap();
    assert_eq!(fs::read(place.path("a")).unwrap(), b"first");
    // The lock was on the file, which has another name now.
    place.save("a", b"third", REPLACE).unwrap();
}

#[test]
fn writers_of_one_name_never_mix_their_bytes() {
    const WRITERS: u8 = 4;
    let place = Place::new();
    let barrier = Barrier::new(WRITERS.into());
    let write = |byte: u8| {
        barrier.wait();
        let mut saved = 0;
        for round in 0..200 {
            let result = (|| {
                let mut part = place.begin("sub/a")?;
                for _ in 0..4 {
                    part.write(&[byte; 1000])?;
                }
                if round % 3 == 0 {
                    part.discard();
                    return Ok(0);
                }
                part.commit(REPLACE).map(|()| 1)
            })();
            match result {
                Ok(count) => saved += count,
                Err(error) => assert_eq!(error.code, Code::Busy, "{error}"),
            }
            if let Ok(bytes) = fs::read(place.path("sub/a")) {
                assert_eq!(bytes.len(), 4000);
                assert!(bytes.iter().all(|byte| *byte == bytes[0]));
            }
        }
        saved
    };
    let saved: usize = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|byte| scope.spawn(move || write(byte)))
            .collect();
        writers.into_iter().map(|w| w.join().unwrap()).sum()
    });
    assert!(saved > 0);
    assert_eq!(place.files().len(), 1);
}

#[test]
fn of_two_that_may_not_replace_one_gets_the_name() {
    let place = Place::new();
    for round in 0..50 {
        let name = format!("{round}");
        let barrier = Barrier::new(2);
        let save = |bytes: &[u8]| {
            barrier.wait();
            place.save(&name, bytes, FRESH)
        };
        let results = thread::scope(|scope| {
            let other = scope.spawn(|| save(b"1"));
            [save(b"2"), other.join().unwrap()]
        });
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    }
    assert_eq!(place.files().len(), 50);
}

#[test]
fn sub_folders_are_made_by_many_at_once() {
    let place = Place::new();
    let barrier = Barrier::new(8);
    thread::scope(|scope| {
        for writer in 0..8 {
            let (place, barrier) = (&place, &barrier);
            scope.spawn(move || {
                barrier.wait();
                place.save(&format!("x/y/z/{writer}"), b"", FRESH).unwrap();
            });
        }
    });
    assert_eq!(place.files().len(), 8);
}

#[test]
fn errors_of_the_path_keep_their_names() {
    let place = Place::new();
    fs::write(place.path("file"), "").unwrap();
    let long = "n".repeat(256);
    assert_eq!(code(place.folder.look(&long)), Some(Code::NameTooLong));
    let refused = place.save(&long, b"", FRESH);
    assert_eq!(code(refused), Some(Code::NameTooLong));
    assert_eq!(
        code(place.begin("gone/../../x")),
        Some(Code::PermissionDenied)
    );
    if cfg!(unix) {
        let under = "file/name";
        assert_eq!(code(place.folder.look(under)), Some(Code::NotDirectory));
        let error = place.begin(under).unwrap_err();
        assert_eq!(error.code, Code::NotDirectory);
        assert!(error.detail.contains("'file'"), "{error}");
        let made = Folder::make(&place.path("file"), false);
        assert_eq!(code(made), Some(Code::NotDirectory));
        let made = Folder::make(&place.path("file/sub"), false);
        assert_eq!(code(made), Some(Code::NotDirectory));
    }
    assert_eq!(place.files().len(), 1);
}

#[test]
fn a_name_of_255_bytes_is_a_name() {
    let place = Place::new();
    for name in [
        "n".repeat(255),
        "é".repeat(127),
        format!("sub/{}", "n".repeat(255)),
    ] {
        place.leave(&name, notes(), b"hello");
        let mut part = place.resume(&name);
        assert_eq!(part.size(), 5);
        part.write(b"!").unwrap();
        part.commit(FRESH).unwrap();
        assert_eq!(place.folder.look(&name), Ok(Found::File { size: 6 }));
    }
    assert_eq!(place.files().len(), 3);
}

#[test]
fn a_folder_in_the_way_of_the_unfinished_file_is_left_alone() {
    let place = Place::new();
    fs::create_dir(place.part_path("a")).unwrap();
    assert_eq!(code(place.begin("a")), Some(Code::Exists));
    fs::create_dir(place.notes_path("b")).unwrap();
    assert!(place.begin("b").is_err());
    assert!(place.part_path("a").is_dir() && place.notes_path("b").is_dir());
}

#[test]
fn a_part_may_go_to_another_thread() {
    fn is_send<T: Send + 'static>() {}
    is_send::<Part>();
    is_send::<Folder>();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever happens on the way, a resumed file has the first bytes of the one body, or none.
    #[test]
    fn no_interruption_mixes_up_the_bytes(
        steps in proptest::collection::vec((0_usize..40, 0..6), 1..12)
    ) {
        let place = Place::new();
        let body: Vec<u8> = (0..=255).cycle().take(300).collect();
        let of_body = Notes { total: Some(300), ..notes() };
        for (count, end) in steps {
            let mut part = place.resume("a");
            prop_assert_eq!(part.notes().is_some(), part.size() > 0);
            let have = usize::try_from(part.size()).unwrap();
            prop_assert_eq!(&all_bytes(&mut part)[..], &body[..have]);
            if have == 0 {
                part.note(of_body.clone()).unwrap();
            }
            let until = (have + count).min(body.len());
            part.write(&body[have..until]).unwrap();
            match end {
                0 => part.discard(),
                1 => part.restart().unwrap(),
                2 => drop(part),
                _ => part.keep(),
            }
        }
    }
}

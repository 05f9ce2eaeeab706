//! What the next run knows, whatever became of the file.

use std::fs;
use std::io::{Read, Seek};

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method, Version};
use proptest::prelude::*;
use tempfile::TempDir;
use url::Url;

use super::lines::HEADER;
use super::*;

/// A folder of its own for a test, and a journal's name in it.
struct Place {
    _folder: TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.ndjson");
        Self {
            _folder: folder,
            path,
        }
    }

    fn with(bytes: &[u8]) -> Self {
        let place = Self::new();
        fs::write(&place.path, bytes).unwrap();
        place
    }

    fn open(&self) -> Result<Journal, Error> {
        Journal::open(&self.path)
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(&self.path).unwrap()
    }
}

/// What an open journal has in its file. By its own handle: the lock keeps others from reading on Windows.
fn written(journal: &Journal) -> Vec<u8> {
    let mut file = &*journal.file;
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

fn id(number: u32) -> ItemId {
    let url = Url::parse(&format!("https://example.com/{number}")).unwrap();
    ItemId::of(&Method::GET, &url, None)
}

fn record(size: u64, file: Option<&str>) -> Record {
    let mut headers = HeaderMap::new();
    headers.insert("etag", HeaderValue::from_static("\"x\""));
    headers.append("set-cookie", HeaderValue::from_static("a=1"));
    headers.append("set-cookie", HeaderValue::from_bytes(b"b=\xff").unwrap());
    Record {
        urls: vec!["https://example.com/\u{1f600}\n".into()],
        status: Some(200),
        version: Version::HTTP_11,
        reason: Some(b"\xc4lles \t \"gut\"".to_vec()),
        headers,
        remote: Some("::1".parse().unwrap()),
        size,
        wire_size: 7,
        is_decoded: true,
        file: file.map(str::to_owned),
        code: None,
        is_ok: true,
    }
}

fn failure() -> Record {
    Record {
        urls: vec!["https://example.com/".into()],
        status: None,
        version: Version::HTTP_2,
        reason: None,
        headers: HeaderMap::new(),
        remote: None,
        size: 0,
        wire_size: 0,
        is_decoded: false,
        file: None,
        code: Some("ECONNRESET".into()),
        is_ok: false,
    }
}

fn finished(record: Record) -> Past {
    Past::Finished(Box::new(record))
}

fn code(result: Result<impl Sized, Error>) -> Code {
    result.err().expect("it fails").code
}

/// Writes a journal with every kind of line; after each, what the items 0 to 4 have come to.
fn sample(journal: &Journal) -> Vec<[Past; 5]> {
    let steps: [&dyn Fn() -> Result<(), Error>; 8] = [
        &|| journal.finish(1, id(1), &record(1, None)),
        &|| journal.intend(0, id(0), "a \u{e9}\".bin").map(drop),
        &|| journal.finish_copy(3, id(3), 1),
        &|| journal.finish(0, id(0), &record(2, Some("a"))),
        &|| journal.finish(2, id(2), &failure()),
        &|| journal.finish(1, id(1), &record(3, None)),
        &|| journal.intend(2, id(2), "c").map(drop),
        &|| journal.finish_copy(4, id(4), 0),
    ];
    let look = |index| journal.look_up(index, id(index)).unwrap();
    let mut states = vec![[0, 1, 2, 3, 4].map(look)];
    for step in steps {
        step().unwrap();
        states.push([0, 1, 2, 3, 4].map(look));
    }
    states
}

#[test]
fn what_is_written_is_known_to_the_next_run() {
    let place = Place::new();
    let journal = place.open().unwrap();
    let states = sample(&journal);
    let expected = [
        finished(record(2, Some("a"))),
        finished(record(3, None)),
        Past::Intended("c".into()),
        finished(record(1, None)),
        finished(record(2, Some("a"))),
    ];
    assert_eq!(states.last(), Some(&expected));
    drop(journal);
    let journal = place.open().unwrap();
    for (index, past) in (0..).zip(expected) {
        assert_eq!(journal.look_up(index, id(index)), Ok(past));
    }
    assert_eq!(journal.look_up(5, id(5)), Ok(Past::Unknown));
    assert_eq!(journal.look_up(u32::MAX, id(5)), Ok(Past::Unknown));
}

#[test]
fn a_person_can_read_a_line() {
    let place = Place::new();
    let journal = place.open().unwrap();
    let mut record = record(1, Some("a.txt"));
    record.headers.remove("set-cookie");
    journal.finish(0, id(0), &record).unwrap();
    journal.flush().unwrap();
    let text = String::from_utf8(written(&journal)).unwrap();
    let line = text.lines().nth(1).unwrap();
    let expected = format!(
        r#"{{"index":0,"state":"finished","id":"{}","ok":true,"status":200,"urls":["https://example.com/😀\n"],"file":"a.txt","size":1,"wireSize":7,"decoded":true,"version":"1.1","reason":"Älles \t \"gut\"","remote":"::1","headers":{{"etag":"\"x\""}}}}"#,
        id(0)
    );
    assert_eq!(line, expected);
}

#[test]
fn a_journal_cut_anywhere_has_all_whole_lines_and_goes_on() {
    let original = Place::new();
    let journal = original.open().unwrap();
    let states = sample(&journal);
    drop(journal);
    let bytes = original.bytes();
    for cut in 0..=bytes.len() {
        let place = Place::with(&bytes[..cut]);
        let lines = bytes[..cut].split(|byte| *byte == b'\n').count() - 1;
        let expected = &states[lines.saturating_sub(1)];
        let journal = place.open().unwrap();
        let check = |journal: &Journal| {
            for (index, past) in (0..).zip(expected) {
                assert_eq!(
                    journal.look_up(index, id(index)).as_ref(),
                    Ok(past),
                    "{cut}"
                );
            }
        };
        check(&journal);
        let new = finished(record(cut as u64, None));
        journal.finish(9, id(9), &record(cut as u64, None)).unwrap();
        drop(journal);
        let journal = place.open().unwrap();
        check(&journal);
        assert_eq!(journal.look_up(9, id(9)), Ok(new));
    }
}

#[test]
fn a_broken_line_is_cut_off_at_the_end_and_refused_anywhere_else() {
    let original = Place::new();
    let journal = original.open().unwrap();
    journal.finish(0, id(0), &record(1, None)).unwrap();
    drop(journal);
    let good = original.bytes();
    for broken in [
        "\0\0\0\0\n",
        "\n",
        "[]\n",
        "{}\n",
        "{\"index\":0}\n",
        "{\"index\":1,\"state\":\"finished\",\"id\":\"00\",\"ok\":true}\n",
        "{\"index\":4294967296,\"state\":\"copied\",\"id\":\"00112233445566778899aabbccddeeff\",\"from\":0}\n",
        "{\"index\":1,\"state\":\"copied\",\"id\":\"00112233445566778899aabbccddeeff\"}\n",
        "{\"index\":1,\"state\":\"intended\",\"id\":\"00112233445566778899aabbccddeeff\"}\n",
        "{\"index\":1,\"state\":\"else\",\"id\":\"00112233445566778899aabbccddeeff\"}\n",
    ] {
        let end = Place::with(&[&good, broken.as_bytes()].concat());
        let journal = end.open().expect(broken);
        assert_eq!(written(&journal), good);
        assert_eq!(journal.look_up(0, id(0)), Ok(finished(record(1, None))));
        for tail in ["{", "\n", HEADER] {
            let bytes = [&good, broken.as_bytes(), tail.as_bytes()].concat();
            let middle = Place::with(&bytes);
            let error = middle.open().expect_err(broken);
            assert_eq!(error.code, Code::JournalMismatch);
            assert!(error.detail.contains("line 3"), "{error}");
            assert_eq!(middle.bytes(), bytes, "it is left as it was");
        }
    }
}

#[test]
fn a_line_that_is_broken_in_its_details_is_found_when_it_is_looked_up() {
    let id = id(0);
    let line = format!("{{\"index\":0,\"state\":\"finished\",\"id\":\"{id}\",\"ok\":true}}\n");
    let place = Place::with(format!("{HEADER}{line}").as_bytes());
    let journal = place.open().unwrap();
    assert_eq!(code(journal.look_up(0, id)), Code::JournalMismatch);
}

#[test]
fn a_file_of_another_kind_is_refused_and_left_as_it_is() {
    for bytes in [
        &b"\n"[..],
        b"{}\n",
        b"hello",
        b"\0",
        &[b'x'; 5_000],
        b"{\"manyfetch\":\"journal\",\"version\":2}\n",
        b"{\"manyfetch\":\"else\",\"version\":1}\n",
        b"{\"manyfetch\":\"journal\",\"version\":1}x",
        b"{\"manyfetch\":\"journal\",\"version\":1} ",
    ] {
        let place = Place::with(bytes);
        assert_eq!(code(place.open()), Code::JournalMismatch, "{bytes:?}");
        assert_eq!(place.bytes(), bytes);
    }
}

#[test]
fn keys_that_are_not_known_are_passed_over() {
    let id = id(0);
    let header = "{\"made\":[1,{}],\"manyfetch\":\"journal\",\"version\":1,\"by\":null}\r\n";
    let line = format!(
        "{{\"new\":{{\"a\":[0]}},\"state\":\"intended\",\"file\":\"\\u0061\",\"id\":\"{id}\",\"more\":1e9,\"index\":0}}\r\n"
    );
    let place = Place::with(format!("{header}{line}").as_bytes());
    let journal = place.open().unwrap();
    assert_eq!(journal.look_up(0, id), Ok(Past::Intended("a".into())));
}

#[test]
fn a_journal_is_for_one_run_at_a_time() {
    let place = Place::new();
    let journal = place.open().unwrap();
    assert_eq!(code(place.open()), Code::Busy);
    drop(journal);
    assert!(place.open().is_ok());
}

#[test]
fn only_the_file_itself_is_made() {
    let place = Place::new();
    assert_eq!(code(Journal::open(&place.path.join("x"))), Code::NoEntry);
    let folder = place.path.parent().unwrap();
    assert!(Journal::open(folder).is_err());
    let journal = place.open().unwrap();
    assert_eq!(written(&journal), HEADER.as_bytes());
    assert!(!format!("{journal:?}").is_empty());
}

#[cfg(unix)]
#[test]
fn a_new_file_is_the_users_own_and_an_old_one_keeps_its_mode() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    let mode = || fs::metadata(&place.path).unwrap().permissions().mode() & 0o777;
    drop(place.open().unwrap());
    assert_eq!(mode(), 0o600);
    fs::set_permissions(&place.path, fs::Permissions::from_mode(0o640)).unwrap();
    drop(place.open().unwrap());
    assert_eq!(mode(), 0o640);
    assert_eq!(
        code(Journal::open(Path::new("/dev/null"))),
        Code::JournalMismatch
    );
}

#[test]
fn another_list_is_found_out() {
    let place = Place::new();
    let journal = place.open().unwrap();
    journal.finish(2, id(2), &failure()).unwrap();
    journal.finish_copy(6, id(6), 2).unwrap();
    drop(journal);
    let journal = place.open().unwrap();
    let error = journal.look_up(6, id(2)).unwrap_err();
    assert_eq!(error.code, Code::JournalMismatch);
    assert!(error.detail.contains("item 6"), "{error}");
    let before = written(&journal);
    assert_eq!(
        code(journal.finish(2, id(3), &failure())),
        Code::JournalMismatch
    );
    assert_eq!(code(journal.intend(2, id(3), "x")), Code::JournalMismatch);
    assert_eq!(
        code(journal.finish_copy(6, id(3), 2)),
        Code::JournalMismatch
    );
    journal.flush().unwrap();
    assert_eq!(written(&journal), before);
    assert_eq!(code(journal.check_total(6)), Code::JournalMismatch);
    assert_eq!(journal.check_total(7), Ok(()));
    assert_eq!(journal.check_total(u32::MAX), Ok(()));
}

#[test]
fn the_last_item_that_an_index_can_name_counts_too() {
    let place = Place::new();
    let journal = place.open().unwrap();
    assert_eq!(journal.check_total(0), Ok(()));
    journal.finish(u32::MAX, id(0), &failure()).unwrap();
    assert_eq!(code(journal.check_total(u32::MAX)), Code::JournalMismatch);
}

#[test]
fn an_intent_is_with_the_system_when_it_is_ensured() {
    let place = Place::new();
    let journal = place.open().unwrap();
    let first = journal.intend(0, id(0), "a").unwrap();
    assert_eq!(written(&journal), HEADER.as_bytes());
    journal.ensure(first).unwrap();
    let bytes = written(&journal);
    assert!(bytes.ends_with(b"\"file\":\"a\"}\n"));
    journal.finish(1, id(1), &failure()).unwrap();
    journal.ensure(first).unwrap();
    assert_eq!(written(&journal), bytes, "nothing more was asked for");
    journal.flush().unwrap();
    journal.sync().unwrap();
    journal.sync().unwrap();
    assert!(written(&journal).len() > bytes.len());
}

#[test]
fn sixty_four_lines_are_written_by_themselves() {
    let place = Place::new();
    let journal = place.open().unwrap();
    for index in 0..63 {
        journal.finish(index, id(index), &failure()).unwrap();
    }
    assert_eq!(written(&journal), HEADER.as_bytes());
    journal.finish(63, id(63), &failure()).unwrap();
    let text = String::from_utf8(written(&journal)).unwrap();
    assert_eq!(text.lines().count(), 65);
}

#[test]
fn an_intent_undoes_no_end_with_a_file_but_any_other() {
    let place = Place::new();
    let journal = place.open().unwrap();
    journal.finish(0, id(0), &record(1, Some("a"))).unwrap();
    journal.intend(0, id(0), "b").map(drop).unwrap();
    assert_eq!(
        journal.look_up(0, id(0)),
        Ok(finished(record(1, Some("a"))))
    );
    journal.finish(1, id(1), &failure()).unwrap();
    journal.intend(1, id(1), "b").map(drop).unwrap();
    assert_eq!(journal.look_up(1, id(1)), Ok(Past::Intended("b".into())));
}

#[test]
fn a_copy_has_the_end_that_its_original_had_then() {
    let place = Place::new();
    let journal = place.open().unwrap();
    journal.finish(0, id(0), &record(1, None)).unwrap();
    journal.finish_copy(1, id(1), 0).unwrap();
    journal.finish_copy(2, id(2), 1).unwrap();
    journal.finish(0, id(0), &record(2, None)).unwrap();
    for index in [1, 2] {
        assert_eq!(
            journal.look_up(index, id(index)),
            Ok(finished(record(1, None)))
        );
    }
    journal.finish_copy(4, id(4), 3).unwrap();
    assert_eq!(journal.look_up(4, id(4)), Ok(Past::Unknown));
}

#[test]
fn every_part_of_a_request_is_part_of_its_id() {
    let url = |text| Url::parse(text).unwrap();
    let ids = [
        ItemId::of(&Method::GET, &url("http://a/"), None),
        ItemId::of(&Method::PUT, &url("http://a/"), None),
        ItemId::of(&Method::GET, &url("http://a/+"), None),
        ItemId::of(&Method::GET, &url("http://a/"), Some(b"")),
        ItemId::of(&Method::GET, &url("http://a/"), Some(b"+")),
    ];
    for (number, id) in ids.iter().enumerate() {
        let equal = ids.iter().filter(|other| *other == id).count();
        assert_eq!(equal, 1, "{number}");
        assert_eq!(ItemId::read(&id.to_string()), Some(*id));
        assert_eq!(ItemId::read(&id.to_string().to_uppercase()), Some(*id));
    }
    assert_eq!(ids[0].to_string().len(), 32);
    assert_eq!(
        ids[0].to_string(),
        STABLE,
        "journals of older versions are of use"
    );
}

/// The first half of `printf 'GET http://a/ ' | sha256sum`.
const STABLE: &str = "ae2be724da89f02a02710b54671a085c";

#[test]
fn more_names_than_a_map_holds_are_an_error() {
    let id = id(0);
    let names: Vec<String> = (0..40_000).map(|n| format!("\"n{n}\":\"\"")).collect();
    let headers = names.join(",");
    let line = format!(
        "{{\"index\":0,\"state\":\"finished\",\"id\":\"{id}\",\"ok\":true,\"urls\":[],\"size\":1,\"wireSize\":1,\"decoded\":false,\"version\":\"2\",\"headers\":{{{headers}}}}}\n"
    );
    let place = Place::with(format!("{HEADER}{line}").as_bytes());
    let past = place.open().unwrap().look_up(0, id);
    assert_eq!(code(past), Code::JournalMismatch);
}

fn any_headers() -> impl Strategy<Value = HeaderMap> {
    let field = (
        "[a-z][a-z0-9-]{0,3}",
        prop::collection::vec(any::<u8>(), 0..20),
    );
    prop::collection::vec(field, 0..12).prop_map(|fields| {
        let fields = fields.into_iter().filter_map(|(name, value)| {
            let name = HeaderName::try_from(name).ok()?;
            Some((name, HeaderValue::try_from(value).ok()?))
        });
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(name, value);
        }
        headers
    })
}

fn any_record() -> impl Strategy<Value = Record> {
    let versions = [
        Version::HTTP_09,
        Version::HTTP_10,
        Version::HTTP_11,
        Version::HTTP_2,
        Version::HTTP_3,
    ];
    let head = (
        any::<Vec<String>>(),
        any::<Option<u16>>(),
        prop::sample::select(versions.to_vec()),
        any::<Option<Vec<u8>>>(),
        any_headers(),
        any::<Option<std::net::IpAddr>>(),
    );
    let body = (
        any::<(u64, u64, bool)>(),
        any::<(Option<String>, Option<String>, bool)>(),
    );
    (head, body).prop_map(|(head, body)| {
        let (urls, status, version, reason, headers, remote) = head;
        let ((size, wire_size, is_decoded), (file, code, is_ok)) = body;
        Record {
            is_ok,
            status,
            code,
            urls,
            file,
            size,
            wire_size,
            is_decoded,
            version,
            reason,
            remote,
            headers,
        }
    })
}

/// A journal that is read, if it is one, goes on; if it is none, it is left as it is.
fn is_used_or_left(bytes: &[u8]) -> Result<(), TestCaseError> {
    let place = Place::with(bytes);
    match place.open() {
        Ok(journal) => {
            for index in 0..10 {
                let _ = journal.look_up(index, id(index));
            }
            prop_assert_eq!(journal.finish(99, id(99), &failure()), Ok(()));
            drop(journal);
            let past = place.open().unwrap().look_up(99, id(99));
            prop_assert_eq!(past, Ok(finished(failure())));
        }
        Err(error) => {
            prop_assert_eq!(error.code, Code::JournalMismatch);
            prop_assert_eq!(place.bytes(), bytes);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_record_is_read_as_it_was_written(record in any_record(), index: u32, again: bool) {
        let place = Place::new();
        let mut journal = place.open().unwrap();
        journal.finish(index, id(0), &record).unwrap();
        if again {
            drop(journal);
            journal = place.open().unwrap();
        }
        prop_assert_eq!(journal.look_up(index, id(0)), Ok(finished(record)));
    }

    #[test]
    fn any_bytes_are_a_journal_or_left_alone(bytes: Vec<u8>, has_header: bool) {
        let header = if has_header { HEADER } else { "" };
        is_used_or_left(&[header.as_bytes(), &bytes].concat())?;
    }

    #[test]
    fn a_spoilt_journal_is_used_or_left_alone(
        spoilt in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let place = Place::new();
        sample(&place.open().unwrap());
        let mut bytes = place.bytes();
        for (at, byte) in spoilt {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len()).max(bytes.len() / 2));
        is_used_or_left(&bytes)?;
    }
}

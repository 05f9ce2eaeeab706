//! What Unix has besides files and folders, and modes.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;

use super::*;

fn make_fifo(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_new_file_has_the_mode_that_any_new_file_has() {
    let place = Place::new();
    fs::write(place.path("usual"), "").unwrap();
    let usual = mode(&place.path("usual"));
    for (name, how) in [("a", FRESH), ("b", REPLACE), ("c", DURABLE)] {
        place.save(name, b"", how).unwrap();
        assert_eq!(mode(&place.path(name)), usual);
    }
}

#[test]
fn a_replaced_file_keeps_its_mode() {
    let place = Place::new();
    for kept in [0o600, 0o640, 0o444, 0o777] {
        fs::write(place.path("a"), "old").unwrap();
        set_mode(&place.path("a"), kept);
        place.save("a", b"new", REPLACE).unwrap();
        assert_eq!(mode(&place.path("a")), kept);
        assert_eq!(fs::read(place.path("a")).unwrap(), b"new");
        fs::remove_file(place.path("a")).unwrap();
    }
    // What comes from elsewhere does not become anybody's program by taking a name.
    fs::write(place.path("a"), "old").unwrap();
    set_mode(&place.path("a"), 0o4755);
    place.save("a", b"new", REPLACE).unwrap();
    assert_eq!(mode(&place.path("a")), 0o755);
}

#[test]
fn notes_are_for_their_owner() {
    let place = Place::new();
    place.leave("a", notes(), b"hello");
    assert_eq!(mode(&place.notes_path("a")), 0o600);
}

#[test]
fn whatever_is_no_file_is_neither_followed_nor_waited_for_nor_replaced() {
    let place = Place::new();
    fs::write(place.outside().join("secret"), "secret").unwrap();
    symlink(place.outside().join("secret"), place.path("link")).unwrap();
    symlink(place.outside().join("none"), place.path("dangling")).unwrap();
    symlink("self", place.path("self")).unwrap();
    make_fifo(&place.path("fifo"));
    let _socket = UnixListener::bind(place.path("socket")).unwrap();
    for name in ["link", "dangling", "self", "fifo", "socket"] {
        assert_eq!(place.folder.look(name), Ok(Found::Other), "{name}");
        for how in [FRESH, REPLACE] {
            let refused = place.save(name, b"new", how);
            assert_eq!(code(refused), Some(Code::Exists), "{name}");
        }
        let metadata = fs::symlink_metadata(place.path(name)).unwrap();
        assert!(!metadata.is_file(), "{name}");
    }
    let kept = fs::read(place.outside().join("secret")).unwrap();
    assert_eq!(kept, b"secret");
    assert!(!place.outside().join("none").exists());
    assert_eq!(place.files().len(), 1, "the link's target alone");
}

#[test]
fn nor_is_what_stands_at_the_unfinished_files_name_or_its_notes() {
    let place = Place::new();
    symlink(place.outside().join("x"), place.part_path("link")).unwrap();
    symlink("target", place.part_path("inner")).unwrap();
    fs::write(place.path("target"), "mine").unwrap();
    make_fifo(&place.part_path("fifo"));
    let _socket = UnixListener::bind(place.part_path("socket")).unwrap();
    for name in ["link", "inner", "fifo", "socket"] {
        assert_eq!(code(place.begin(name)), Some(Code::Exists), "{name}");
        let resumed = Part::resume(&place.folder, name, URL);
        assert_eq!(code(resumed), Some(Code::Exists), "{name}");
        assert!(fs::symlink_metadata(place.part_path(name)).is_ok());
    }
    // Notes are never written through, nor waited for: a link or a FIFO in their place goes away.
    for name in ["a", "b"] {
        fs::write(place.part_path(name), "half").unwrap();
    }
    symlink(place.path("target"), place.notes_path("a")).unwrap();
    make_fifo(&place.notes_path("b"));
    for name in ["a", "b"] {
        let mut part = place.resume(name);
        assert_eq!(part.size(), 0);
        part.note(notes()).unwrap();
        part.write(b"new").unwrap();
        part.keep();
        assert_eq!(place.resume(name).size(), 3);
    }
    assert_eq!(fs::read(place.path("target")).unwrap(), b"mine");
    assert!(place.is_clean_outside());
}

#[test]
fn a_sub_folder_that_is_a_link_to_outside_is_refused() {
    let place = Place::new();
    symlink(place.outside(), place.path("away")).unwrap();
    symlink("../../outside", place.path("up")).unwrap();
    symlink("round", place.path("round")).unwrap();
    for name in ["away/a", "up/a", "away/sub/a", "up/sub/a"] {
        let error = place.begin(name).unwrap_err();
        assert_eq!(error.code, Code::PermissionDenied, "{name}");
        let looked = place.folder.look(name);
        assert_eq!(code(looked), Some(Code::PermissionDenied), "{name}");
    }
    assert_eq!(code(place.begin("round/a")), Some(Code::SymlinkLoop));
    assert_eq!(code(place.folder.look("round/a")), Some(Code::SymlinkLoop));
    assert!(place.is_clean_outside());
}

#[test]
fn a_sub_folder_that_is_a_link_to_another_one_inside_is_a_folder() {
    let place = Place::new();
    fs::create_dir(place.path("real")).unwrap();
    symlink("real", place.path("alias")).unwrap();
    place.save("alias/a", b"x", DURABLE).unwrap();
    assert_eq!(fs::read(place.path("real/a")).unwrap(), b"x");
}

#[test]
fn a_sub_folder_that_becomes_a_link_during_the_run_leads_nowhere() {
    let place = Place::new();
    let mut part = place.begin("sub/a").unwrap();
    fs::rename(place.path("sub"), place.path("moved")).unwrap();
    symlink(place.outside(), place.path("sub")).unwrap();
    let next = place.begin("sub/b");
    assert_eq!(code(next), Some(Code::PermissionDenied));
    part.write(b"x").unwrap();
    part.commit(FRESH).unwrap();
    assert_eq!(fs::read(place.path("moved/a")).unwrap(), b"x");
    assert!(place.is_clean_outside());
}

#[test]
fn other_names_of_a_file_keep_what_they_had() {
    let place = Place::new();
    fs::write(place.path("a"), "old").unwrap();
    fs::hard_link(place.path("a"), place.path("b")).unwrap();
    place.save("a", b"new", REPLACE).unwrap();
    assert_eq!(fs::read(place.path("b")).unwrap(), b"old");
    // As a kill between the link and the removal leaves it, where renaming takes two steps.
    fs::hard_link(place.path("b"), place.part_path("b")).unwrap();
    for resume in [false, true] {
        let part = if resume {
            place.resume("b")
        } else {
            place.begin("b").unwrap()
        };
        assert_eq!(part.size(), 0);
        part.discard();
        assert_eq!(fs::read(place.path("b")).unwrap(), b"old");
        fs::hard_link(place.path("b"), place.part_path("b")).unwrap();
    }
}

#[test]
fn a_file_keeps_its_inode_from_the_first_byte_on() {
    let place = Place::new();
    place.leave("a", notes(), b"hello");
    let inode = fs::metadata(place.part_path("a")).unwrap().ino();
    place.resume("a").commit(FRESH).unwrap();
    assert_eq!(fs::metadata(place.path("a")).unwrap().ino(), inode);
}

#[test]
fn a_sub_folder_that_is_removed_is_an_error_and_is_made_again() {
    let place = Place::new();
    let part = place.begin("sub/a").unwrap();
    fs::remove_dir_all(place.path("sub")).unwrap();
    assert_eq!(code(part.commit(FRESH)), Some(Code::NoEntry));
    place.save("sub/a", b"x", FRESH).unwrap();
}

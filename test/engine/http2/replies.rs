//! Answers to the first request of a connection, frame by frame.

use super::peer::{
    ACK, CANCEL, CONTINUATION, DATA, ENABLE_PUSH, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM,
    HEADERS, INITIAL_WINDOW_SIZE, INTERNAL_ERROR, NO_ERROR, PADDED, PING, PROTOCOL_ERROR,
    PUSH_PROMISE, SETTINGS, answer, block, data, frame, go_away, headers, reset, settings,
    window_update,
};

/// What it is called, and its bytes.
pub(super) type Reply = (&'static str, Vec<u8>);

pub(super) const STATUS: (&str, &str) = (":status", "200");

/// A whole answer with `fields`.
fn with_fields(fields: &[(&str, &str)]) -> Vec<u8> {
    headers(1, END_STREAM, fields)
}

/// The head of an answer, and then `frames`.
pub(super) fn behind_head(frames: &[Vec<u8>]) -> Vec<u8> {
    [headers(1, 0, &[STATUS]), frames.concat()].concat()
}

fn long(kibibytes: usize) -> String {
    "x".repeat(kibibytes << 10)
}

/// Those that are answers, and their bodies.
pub(super) fn whole() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let single_bytes = ["h", "e", "l", "l", "o"]
        .map(|byte| data(1, 0, byte))
        .concat();
    vec![
        ("an answer", answer(1, "hello"), "hello"),
        ("no body", with_fields(&[STATUS]), ""),
        (
            "a body in single bytes",
            behind_head(&[single_bytes, data(1, END_STREAM, "")]),
            "hello",
        ),
        (
            "a length that is right",
            [
                headers(1, 0, &[STATUS, ("content-length", "5")]),
                data(1, END_STREAM, "hello"),
            ]
            .concat(),
            "hello",
        ),
        (
            "an early hint",
            [headers(1, 0, &[(":status", "103")]), answer(1, "hello")].concat(),
            "hello",
        ),
        (
            "trailers",
            behind_head(&[
                data(1, 0, "hello"),
                headers(1, END_STREAM, &[("digest", "x")]),
            ]),
            "hello",
        ),
        (
            "a frame of no known kind",
            [frame(0xee, 0xff, 1, b"?"), answer(1, "hello")].concat(),
            "hello",
        ),
        (
            "a setting of no known name",
            [settings(&[(0xee, 1)]), answer(1, "hello")].concat(),
            "hello",
        ),
        (
            "no window for requests",
            [settings(&[(INITIAL_WINDOW_SIZE, 0)]), answer(1, "hello")].concat(),
            "hello",
        ),
        (
            "a reset without an error behind the answer",
            [answer(1, "hello"), reset(1, NO_ERROR)].concat(),
            "hello",
        ),
        (
            "the connection's end behind this answer",
            [go_away(1, NO_ERROR), answer(1, "hello")].concat(),
            "hello",
        ),
        (
            "a list of 15 KiB",
            with_fields(&[STATUS, ("x", &long(15))]),
            "",
        ),
        (
            "a list of 64 KiB",
            with_fields(&[STATUS, ("x", &long(64))]),
            "",
        ),
        (
            "a list of 200 KiB",
            with_fields(&[STATUS, ("x", &long(200))]),
            "",
        ),
        (
            "the field of a request",
            with_fields(&[STATUS, (":path", "/")]),
            "",
        ),
        (
            "a stream's window that overflows",
            [window_update(1, 0x7fff_ffff), answer(1, "hello")].concat(),
            "hello",
        ),
    ]
}

/// Those that break a promise of HTTP, or are given up.
pub(super) fn broken_answers() -> Vec<Reply> {
    vec![
        (
            "a list of 300 KiB",
            with_fields(&[STATUS, ("x", &long(300))]),
        ),
        (
            "a list of 1 MiB",
            with_fields(&[STATUS, ("x", &long(1_024))]),
        ),
        (
            "a reset without an error before the answer",
            reset(1, NO_ERROR),
        ),
        ("a reset before the answer", reset(1, INTERNAL_ERROR)),
        (
            "a reset for the protocol before the answer",
            reset(1, PROTOCOL_ERROR),
        ),
        ("a request that is cancelled", reset(1, CANCEL)),
        (
            "a reset in the body",
            behind_head(&[data(1, 0, "hel"), reset(1, INTERNAL_ERROR)]),
        ),
        (
            "a reset for the protocol in the body",
            behind_head(&[data(1, 0, "hel"), reset(1, PROTOCOL_ERROR)]),
        ),
        (
            "a body that is cancelled",
            behind_head(&[data(1, 0, "hel"), reset(1, CANCEL)]),
        ),
        (
            "a reset for no known reason in the body",
            behind_head(&[data(1, 0, "hel"), reset(1, 0xee)]),
        ),
        (
            "more than was announced",
            [
                headers(1, 0, &[STATUS, ("content-length", "3")]),
                data(1, END_STREAM, "hello"),
            ]
            .concat(),
        ),
        (
            "less than was announced",
            [
                headers(1, 0, &[STATUS, ("content-length", "9")]),
                data(1, END_STREAM, "hello"),
            ]
            .concat(),
        ),
        (
            "two lengths",
            with_fields(&[STATUS, ("content-length", "0"), ("content-length", "5")]),
        ),
        (
            "a connection that is overloaded",
            go_away(0, ENHANCE_YOUR_CALM),
        ),
        ("a connection that failed", go_away(0, INTERNAL_ERROR)),
    ]
}

/// Those with fields that no answer may have.
pub(super) fn broken_fields() -> Vec<Reply> {
    vec![
        (
            "a field of the connection",
            with_fields(&[STATUS, ("connection", "close")]),
        ),
        (
            "chunks",
            with_fields(&[STATUS, ("transfer-encoding", "chunked")]),
        ),
        (
            "a name in capitals",
            with_fields(&[STATUS, ("X-Name", "x")]),
        ),
        (
            "a name with a space",
            with_fields(&[STATUS, ("x name", "x")]),
        ),
        (
            "a value with a line's end",
            with_fields(&[STATUS, ("x", "a\r\nb")]),
        ),
        ("a value with a NUL", with_fields(&[STATUS, ("x", "a\0b")])),
        ("no status", with_fields(&[("x", "y")])),
        ("a status of letters", with_fields(&[(":status", "abc")])),
        ("status 99", with_fields(&[(":status", "99")])),
        ("two statuses", with_fields(&[STATUS, STATUS])),
        (
            "a status behind a field",
            with_fields(&[("x", "y"), STATUS]),
        ),
    ]
}

/// Those that are not HTTP/2.
pub(super) fn broken_frames() -> Vec<Reply> {
    vec![
        (
            "a push",
            [
                frame(
                    PUSH_PROMISE,
                    END_HEADERS,
                    1,
                    &[&[0, 0, 0, 2][..], &block(&[(":path", "/")])].concat(),
                ),
                answer(1, "hello"),
            ]
            .concat(),
        ),
        ("a body before the head", data(1, END_STREAM, "hello")),
        ("an answer to nobody", answer(99, "hello")),
        ("a stream of the server's", answer(2, "hello")),
        ("a body of no stream", data(0, END_STREAM, "hello")),
        ("settings of a stream", frame(SETTINGS, 0, 1, &[])),
        ("settings that are cut", frame(SETTINGS, 0, 0, &[0; 5])),
        (
            "an acknowledgement with settings",
            frame(SETTINGS, ACK, 0, &[0; 6]),
        ),
        (
            "a window that is too large",
            settings(&[(INITIAL_WINDOW_SIZE, u32::MAX)]),
        ),
        (
            "pushes allowed by the server",
            settings(&[(ENABLE_PUSH, 2)]),
        ),
        ("a ping that is cut", frame(PING, 0, 0, &[0; 7])),
        ("an empty addition to the window", window_update(0, 0)),
        ("a window that overflows", window_update(0, 0x7fff_ffff)),
        ("a frame that is too large", frame(DATA, 0, 1, &[0; 20_000])),
        (
            "more padding than there is",
            behind_head(&[frame(DATA, PADDED | END_STREAM, 1, &[9, 0])]),
        ),
        (
            "the rest of no list",
            frame(CONTINUATION, END_HEADERS, 1, &block(&[STATUS])),
        ),
        (
            "a list that is interrupted",
            [
                frame(HEADERS, 0, 1, &block(&[STATUS])),
                data(1, END_STREAM, "hello"),
            ]
            .concat(),
        ),
        (
            "a field that was never told",
            frame(HEADERS, END_HEADERS | END_STREAM, 1, &[0xff, 0xff, 0x03]),
        ),
        (
            "a list that is cut",
            frame(HEADERS, END_HEADERS | END_STREAM, 1, &[0, 7, b':']),
        ),
        (
            "a table that is too large",
            frame(
                HEADERS,
                END_HEADERS | END_STREAM,
                1,
                &[0x3f, 0xff, 0xff, 0x7f],
            ),
        ),
    ]
}

//! Replies, byte for byte, and what each comes to, however the network cuts it.

use http::HeaderValue;
use http::header::CONNECTION;
use manyfetch_engine::options::RunOptions;
use manyfetch_engine::{Code, Input};

use crate::fetch::{Row, client, fetch, fixed, with};
use crate::raw::{self, Raw};

/// What a reply comes to.
#[derive(Debug)]
enum Comes {
    To(u16, &'static [u8]),
    ToError(Code),
}

use Comes::{To, ToError};

/// Replies that end with the connection closed in order.
const REPLIES: &[(&str, &[u8], Comes)] = &[
    ("a whole body", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", To(200, b"hello")),
    ("a chunked body", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", To(200, b"hello")),
    ("a body that ends with the connection", b"HTTP/1.1 200 OK\r\n\r\nhello", To(200, b"hello")),
    ("HTTP/1.0", b"HTTP/1.0 200 OK\r\n\r\nhello", To(200, b"hello")),
    ("bare line feeds in the head", b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", To(200, b"hello")),
    ("the same length twice", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", To(200, b"hello")),
    ("more than was announced", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhello", To(200, b"hel")),
    ("an early hint", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", To(200, b"ok")),
    ("status 999", b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", To(999, b"")),
    ("204 with a body", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", To(204, b"")),
    ("304 with an encoding", b"HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\n\r\n", To(304, b"")),
    ("an empty body that is called gzip", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", To(200, b"")),
    ("302 without a Location", b"HTTP/1.1 302 Found\r\nContent-Length: 2\r\n\r\nhi", To(302, b"hi")),
    ("an encoding that is not known", b"HTTP/1.1 200 OK\r\nContent-Encoding: compress\r\nContent-Length: 2\r\n\r\n\x1f\x9d", To(200, b"\x1f\x9d")),
    ("the same length twice in one line", b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello", To(200, b"hello")),
    ("white space around a length", b"HTTP/1.1 200 OK\r\nContent-Length:  5\t \r\n\r\nhello", To(200, b"hello")),
    ("no reason", b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello", To(200, b"hello")),
    ("a line of no field before the status", b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", To(200, b"hello")),
    ("a name in any case", b"HTTP/1.1 200 OK\r\ntRANSFER-eNCODING: CHUNKED\r\n\r\n3\r\nabc\r\n0\r\n\r\n", To(200, b"abc")),
    ("chunks of all sizes", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n00000000000b\r\nbcdefghijkl\r\nB\r\nmnopqrstuvw\r\n0\r\n\r\n", To(200, b"abcdefghijklmnopqrstuvw")),
    ("a chunk with an extension", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;name=\"value\"\r\nabc\r\n0;last\r\n\r\n", To(200, b"abc")),
    ("a space behind the size of a chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n", To(200, b"abc")),
    ("a trailer", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nDigest: x\r\n\r\n", To(200, b"abc")),
    ("a trailer that announces another length", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n", To(200, b"abc")),
    ("100 and then the answer", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", To(200, b"hello")),
    ("304 that announces a length", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", To(304, b"")),
    ("the start of another answer behind the body", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", To(200, b"ok")),
    ("an encoding beside one that is not known", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, made-up\r\nContent-Length: 2\r\n\r\n\x1f\x8b", To(200, b"\x1f\x8b")),
    ("300 with a Location", b"HTTP/1.1 300 Multiple Choices\r\nLocation: /there\r\nContent-Length: 2\r\n\r\nhi", To(300, b"hi")),
    ("305 with a Location", b"HTTP/1.1 305 Use Proxy\r\nLocation: /there\r\nContent-Length: 2\r\n\r\nhi", To(305, b"hi")),
    ("no bytes at all", b"", ToError(Code::ConnectionReset)),
    ("half a head", b"HTTP/1.1 200 OK\r\nContent-", ToError(Code::ConnectionReset)),
    ("a body that is too short", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", ToError(Code::BodyTruncated)),
    ("9 EB announced", b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000000000000\r\n\r\nhel", ToError(Code::BodyTooLarge)),
    ("200 MB announced", b"HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\nhel", ToError(Code::BodyTruncated)),
    ("an end in the middle of a chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", ToError(Code::BodyTruncated)),
    ("no last chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", ToError(Code::BodyTruncated)),
    ("a chunk size that is none", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nhello", ToError(Code::HttpParse)),
    ("a signed length", b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", ToError(Code::HttpParse)),
    ("a length with letters", b"HTTP/1.1 200 OK\r\nContent-Length: 5abc\r\n\r\nhello", ToError(Code::HttpParse)),
    ("not HTTP", b"hello world\r\n\r\n", ToError(Code::HttpParse)),
    ("an SSH banner", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", ToError(Code::HttpParse)),
    ("status 99", b"HTTP/1.1 99 Odd\r\n\r\n", ToError(Code::HttpParse)),
    ("HTTP/3 in text", b"HTTP/3.0 200 OK\r\n\r\n", ToError(Code::HttpParse)),
    ("a NUL in a value", b"HTTP/1.1 200 OK\r\nA: x\0y\r\nContent-Length: 0\r\n\r\n", ToError(Code::HttpParse)),
    ("a space before the colon", b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello", ToError(Code::HttpParse)),
    ("gzip that is none", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", ToError(Code::Decode)),
    ("twenty encodings", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip\r\nContent-Length: 1\r\n\r\nx", ToError(Code::Decode)),
    ("a Location that is no URL", b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n", ToError(Code::InvalidRedirect)),
    ("a Location to a file", b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", ToError(Code::UnsupportedProtocol)),
    ("100 and nothing else", b"HTTP/1.1 100 Continue\r\n\r\n", ToError(Code::ConnectionReset)),
    ("chunks announced and none sent", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ToError(Code::BodyTruncated)),
    ("an end in the trailer", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nDigest", ToError(Code::BodyTruncated)),
    ("an end between the last chunk and the end", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", ToError(Code::BodyTruncated)),
    ("protocols switched, though nobody asked", b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02hi", ToError(Code::HttpParse)),
    ("a bare 101", b"HTTP/1.1 101 Switching Protocols\r\n\r\n", ToError(Code::HttpParse)),
    ("a length and chunks", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("chunks and a length", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("a length between two codings", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 3\r\nTRANSFER-ENCODING: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("a coding that is none", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("chunks within another coding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("another coding within chunks", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("gzip within chunks", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("chunks twice", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("chunks twice, in two lines", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("a coding that is empty", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: \r\n\r\n3\r\nabc\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("a space before the colon of the coding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("a vertical tab before the coding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: \x0bchunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("quotes around the coding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: \"chunked\"\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("chunks in HTTP/1.0", b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("a negative chunk size", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("no chunk size", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("a chunk size of seventeen digits", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("a space before the size of a chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("a chunk size in C", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("more in a chunk than its size", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("no end of line behind a chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc0\r\n\r\n", ToError(Code::HttpParse)),
    ("bare line feeds between chunks", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n", ToError(Code::HttpParse)),
    ("a bare line feed behind a size", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("a bare line feed behind an extension", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a\nabc\r\n0\r\n\r\n", ToError(Code::HttpParse)),
    ("a trailer with a NUL", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: \0\r\n\r\n", ToError(Code::HttpParse)),
    ("a trailer that is none", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nno colon\r\n\r\n", ToError(Code::HttpParse)),
    ("two lengths in one line", b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello", ToError(Code::HttpParse)),
    ("a negative length", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhello", ToError(Code::HttpParse)),
    ("a length in C", b"HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello", ToError(Code::HttpParse)),
    ("no length behind its name", b"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nhello", ToError(Code::HttpParse)),
    ("a length of 2^64", b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\nhello", ToError(Code::HttpParse)),
    ("a length of 2^64 and five", b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551621\r\n\r\nhello", ToError(Code::HttpParse)),
    ("a length with a fraction", b"HTTP/1.1 200 OK\r\nContent-Length: 5.0\r\n\r\nhello", ToError(Code::HttpParse)),
    ("a length in Arabic digits", b"HTTP/1.1 200 OK\r\nContent-Length: \xd9\xa5\r\n\r\nhello", ToError(Code::HttpParse)),
    ("a length and a comma", b"HTTP/1.1 200 OK\r\nContent-Length: 5,\r\n\r\nhello", ToError(Code::HttpParse)),
    ("a length of 2^63", b"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\nhello", ToError(Code::BodyTooLarge)),
    ("a banner of HTTP/0.9", b"<html>hello</html>\r\n", ToError(Code::HttpParse)),
    ("an alert of TLS", b"\x15\x03\x01\x00\x02\x02\x28", ToError(Code::HttpParse)),
    ("a hello of TLS", b"\x16\x03\x03\x00\x31\x02\x00\x00\x2d\x03\x03", ToError(Code::HttpParse)),
    ("status 099", b"HTTP/1.1 099 Odd\r\n\r\n", ToError(Code::HttpParse)),
    ("status 1000", b"HTTP/1.1 1000 Odd\r\n\r\n", ToError(Code::HttpParse)),
    ("a status of letters", b"HTTP/1.1 abc Odd\r\n\r\n", ToError(Code::HttpParse)),
    ("a negative status", b"HTTP/1.1 -1 Odd\r\n\r\n", ToError(Code::HttpParse)),
    ("no status", b"HTTP/1.1  Odd\r\n\r\n", ToError(Code::HttpParse)),
    ("a status of a hundred digits", b"HTTP/1.1 2222222222222222222222222222222222222222222222222222222222222222222222222222222222222222222222222222 Odd\r\n\r\n", ToError(Code::HttpParse)),
    ("HTTP/1.2", b"HTTP/1.2 200 OK\r\n\r\n", ToError(Code::HttpParse)),
    ("HTTP/2 in text", b"HTTP/2 200 OK\r\n\r\n", ToError(Code::HttpParse)),
    ("HTTP/2.0 in text", b"HTTP/2.0 200 OK\r\n\r\n", ToError(Code::HttpParse)),
    ("a radio station", b"ICY 200 OK\r\n\r\n", ToError(Code::HttpParse)),
    ("http in small letters", b"http/1.1 200 OK\r\n\r\n", ToError(Code::HttpParse)),
    ("a second space before the status", b"HTTP/1.1  200 OK\r\n\r\n", ToError(Code::HttpParse)),
    ("a bare carriage return in a value", b"HTTP/1.1 200 OK\r\nA: x\ry\r\nContent-Length: 0\r\n\r\n", ToError(Code::HttpParse)),
    ("a folded line", b"HTTP/1.1 200 OK\r\nA: x\r\n y\r\nContent-Length: 0\r\n\r\n", ToError(Code::HttpParse)),
    ("a folded first line", b"HTTP/1.1 200 OK\r\n A: x\r\nContent-Length: 0\r\n\r\n", ToError(Code::HttpParse)),
    ("a line without a colon", b"HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n", ToError(Code::HttpParse)),
    ("a field without a name", b"HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 0\r\n\r\n", ToError(Code::HttpParse)),
    ("a NUL in a name", b"HTTP/1.1 200 OK\r\nA\0: x\r\nContent-Length: 0\r\n\r\n", ToError(Code::HttpParse)),
    ("a DEL in a value", b"HTTP/1.1 200 OK\r\nA: \x7f\r\nContent-Length: 0\r\n\r\n", ToError(Code::HttpParse)),
    ("a NUL in the reason", b"HTTP/1.1 200 \0\r\nContent-Length: 0\r\n\r\n", ToError(Code::HttpParse)),
    ("two Locations", b"HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n", ToError(Code::InvalidRedirect)),
    ("a Location without a host", b"HTTP/1.1 302 Found\r\nLocation: http://\r\nContent-Length: 0\r\n\r\n", ToError(Code::InvalidRedirect)),
    ("a Location to itself", b"HTTP/1.1 302 Found\r\nLocation: \r\nContent-Length: 0\r\n\r\n", ToError(Code::TooManyRedirects)),
];

impl Comes {
    fn describes(&self, row: &Row) -> bool {
        match self {
            To(status, body) => (row.code, row.status, &row.body[..]) == (None, *status, *body),
            ToError(code) => row.code == Some(*code) && row.body.is_empty(),
        }
    }
}

/// Answers `/3/17` with the reply of row 3, cut in two at its byte 17, and `/3/bytes` with the same in single bytes.
async fn serve() -> Raw {
    raw::serve(|mut stream| async move {
        let path = raw::read_path(&mut stream).await.expect("it asks");
        let mut parts = path.split('/').skip(1);
        let row: usize = parts
            .next()
            .and_then(|row| row.parse().ok())
            .expect("it names a row");
        let reply = REPLIES[row].1;
        let pieces = match parts.next().and_then(|cut| cut.parse().ok()) {
            Some(cut) => vec![&reply[..cut], &reply[cut..]],
            None => reply.chunks(1).collect(),
        };
        // Who has read enough of what is wrong hangs up.
        let _ = raw::write_pieces(&mut stream, pieces).await;
    })
    .await
}

/// Fetches every reply of the table in each of the ways that `cuts` names for it.
async fn check_all(cuts: impl Fn(&[u8]) -> Vec<String>) {
    let server = serve().await;
    let rows = REPLIES.iter().enumerate();
    let ways: Vec<_> = rows
        .flat_map(|(row, (_, reply, _))| cuts(reply).into_iter().map(move |cut| (row, cut)))
        .collect();
    let list = ways
        .iter()
        .map(|(row, cut)| alone(format!("{}{row}/{cut}", server.url())))
        .collect();
    let limits = fixed(64, 64);
    let options = RunOptions {
        limits,
        ..RunOptions::default()
    };
    let fetched = fetch(&client(""), options, list).await;
    let wrong: Vec<_> = ways
        .iter()
        .zip(&fetched.rows)
        .filter(|((number, _), row)| !REPLIES[*number].2.describes(row))
        .map(|((number, cut), row)| {
            let (name, _, expected) = &REPLIES[*number];
            let (code, status, message) = (row.code, row.status, &row.message);
            format!("{name}, cut: {cut}: {code:?} {status} {message} and not {expected:?}")
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Over a connection of its own: those of the table are gone when the next request would take them.
fn alone(url: String) -> Input {
    with(url, |options| {
        options
            .headers
            .insert(CONNECTION, HeaderValue::from_static("close"));
    })
}

#[tokio::test]
async fn every_reply_comes_to_what_the_table_says() {
    check_all(|_| vec!["0".to_owned()]).await;
}

#[tokio::test]
async fn a_reply_in_single_bytes_comes_to_the_same() {
    check_all(|_| vec!["bytes".to_owned()]).await;
}

#[tokio::test]
async fn a_reply_in_two_pieces_comes_to_the_same_wherever_it_is_cut() {
    check_all(|reply| (1..reply.len()).map(|cut| cut.to_string()).collect()).await;
}

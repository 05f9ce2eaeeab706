//! What can go wrong with one item: a stable code, the phase for timeouts, and a sentence.
//! The table below is the only list of codes; JavaScript reads it from here.

use std::fmt;

macro_rules! codes {
    ($($variant:ident => $name:literal, $meaning:literal;)*) => {
        /// What went wrong, as one stable code. Node's own name where Node has one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $meaning] $variant,)*
        }

        impl Code {
            /// Every code there is, in the order of their numbers.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The code as users see it in `error.code`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Code::$variant => $name,)*
                }
            }
        }
    };
}

codes! {
    TimedOut => "ETIMEDOUT", "A limit of time passed; the phase says which.";
    ConnectionRefused => "ECONNREFUSED", "Nothing listens at that address.";
    ConnectionReset => "ECONNRESET", "The peer closed the connection before it answered.";
    ConnectionAborted => "ECONNABORTED", "The connection was aborted on this side.";
    BrokenPipe => "EPIPE", "The connection was gone when the request was written.";
    HostUnreachable => "EHOSTUNREACH", "There is no route to the host.";
    NetworkUnreachable => "ENETUNREACH", "There is no route to the network.";
    NetworkDown => "ENETDOWN", "The network interface is down.";
    AddressNotAvailable => "EADDRNOTAVAIL", "No local address or port is free.";
    AddressInUse => "EADDRINUSE", "The local address is taken.";
    ProcessFileLimit => "EMFILE", "This process has too many open files.";
    SystemFileLimit => "ENFILE", "The system has too many open files.";
    NoBufferSpace => "ENOBUFS", "The system has no buffers left.";
    NoMemory => "ENOMEM", "The system has no memory left.";
    PermissionDenied => "EACCES", "The system does not allow this connection, or this file.";
    NotPermitted => "EPERM", "The system does not permit this connection, or this file.";
    AddressFamily => "EAFNOSUPPORT", "The system does not speak this kind of address.";
    NoEntry => "ENOENT", "There is no socket, or no folder, at that path.";
    Exists => "EEXIST", "There is something of that name already.";
    Busy => "EBUSY", "Somebody else is writing that file.";
    NotDirectory => "ENOTDIR", "A part of the path is no folder.";
    IsDirectory => "EISDIR", "There is a folder of that name.";
    NameTooLong => "ENAMETOOLONG", "The name is longer than the file system allows.";
    SymlinkLoop => "ELOOP", "There is a symbolic link where none is followed.";
    NoSpace => "ENOSPC", "The disk is full.";
    Quota => "EDQUOT", "The user has no more room on the disk.";
    FileTooLarge => "EFBIG", "The file is larger than the file system allows.";
    ReadOnly => "EROFS", "The file system is read-only.";
    CrossDevice => "EXDEV", "The file cannot be moved to another file system.";
    Io => "EIO", "The system failed in a way that has no code of its own here.";
    NameNotFound => "ENOTFOUND", "The name does not exist.";
    NameTryAgain => "EAI_AGAIN", "The name server did not answer.";
    CertExpired => "CERT_HAS_EXPIRED", "The certificate is out of date.";
    CertNotYetValid => "CERT_NOT_YET_VALID", "The certificate is not valid yet.";
    CertSelfSigned => "DEPTH_ZERO_SELF_SIGNED_CERT", "The server's certificate is signed by itself.";
    CertChainSelfSigned => "SELF_SIGNED_CERT_IN_CHAIN", "The chain ends in a root that is not trusted.";
    CertIssuerUnknown => "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "The chain's issuer is not known here.";
    CertLeafUnverified => "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "The server sent its certificate alone, and its issuer is not known here.";
    CertNameMismatch => "ERR_TLS_CERT_ALTNAME_INVALID", "The certificate is for another name.";
    Tls => "ERR_TLS", "The TLS handshake or stream failed otherwise.";
    InvalidUrl => "ERR_INVALID_URL", "The URL cannot be parsed.";
    UnsupportedProtocol => "ERR_UNSUPPORTED_PROTOCOL", "The URL's scheme is neither http nor https.";
    InvalidChar => "ERR_INVALID_CHAR", "A header's value has a character that HTTP forbids.";
    InvalidToken => "ERR_INVALID_HTTP_TOKEN", "A method or a header's name is not an HTTP token.";
    InvalidArgType => "ERR_INVALID_ARG_TYPE", "An item or one of its options is of the wrong type.";
    InvalidArgValue => "ERR_INVALID_ARG_VALUE", "An item has an option that is unknown or not allowed.";
    OutOfRange => "ERR_OUT_OF_RANGE", "A number in an item's options is out of its range.";
    TooManyRedirects => "ERR_TOO_MANY_REDIRECTS", "The redirects did not end.";
    Redirect => "ERR_REDIRECT", "There is a redirect, and none was to be followed.";
    InvalidRedirect => "ERR_INVALID_REDIRECT", "The Location of a redirect cannot be parsed.";
    TooSlow => "ERR_TOO_SLOW", "The body came more slowly than minSpeed for a minute.";
    BodyTooLarge => "ERR_BODY_TOO_LARGE", "The decoded body is larger than maxBodySize.";
    BodyTruncated => "ERR_BODY_TRUNCATED", "The body ended before its end.";
    Decode => "ERR_DECODE", "The body is not what its Content-Encoding says.";
    HttpParse => "ERR_HTTP_PARSE", "The answer is not HTTP.";
    HeadersTooLarge => "ERR_HEADERS_TOO_LARGE", "The head of the answer is too large.";
    Http2 => "ERR_HTTP2", "The HTTP/2 stream or connection failed.";
    Proxy => "ERR_PROXY", "The proxy cannot be reached, or does not let the request through.";
    ChecksumMismatch => "ERR_CHECKSUM_MISMATCH", "The body is not the one that the checksum is of.";
    AddressDenied => "ERR_ADDRESS_DENIED", "The address is not a public one, and those were refused.";
    BufferLimit => "ERR_BUFFER_LIMIT", "The run holds as many bytes of bodies as it may.";
    HostUnavailable => "ERR_HOST_UNAVAILABLE", "The host asked to be left alone for long, or cannot be reached: the request was not sent, or not again.";
    NotStored => "ERR_NOT_STORED", "The body is not in memory: it was saved to a file, or is known from a journal alone.";
    JournalMismatch => "ERR_JOURNAL_MISMATCH", "The journal is that of another run, or no journal.";
    ClientClosed => "ERR_CLIENT_CLOSED", "The client was closed.";
    Internal => "ERR_INTERNAL", "A bug of this library.";
}

/// The limit of time that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Name, TCP and TLS.
    Connect,
    /// From the request's last byte to the whole head.
    Response,
    /// Between two pieces of the body.
    Idle,
    /// The whole attempt.
    Request,
    /// The whole item.
    Total,
    /// The whole run.
    Deadline,
}

impl Phase {
    /// Every phase there is, in the order of their numbers.
    pub const ALL: &'static [Phase] = &[
        Phase::Connect,
        Phase::Response,
        Phase::Idle,
        Phase::Request,
        Phase::Total,
        Phase::Deadline,
    ];

    /// The phase as users see it in `error.phase`.
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Connect => "connect",
            Phase::Response => "response",
            Phase::Idle => "idle",
            Phase::Request => "request",
            Phase::Total => "total",
            Phase::Deadline => "deadline",
        }
    }
}

/// Why an item failed. The text is for people and may change; the code is the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The stable code.
    pub code: Code,
    /// Which limit passed, when the code is [`Code::TimedOut`].
    pub phase: Option<Phase>,
    /// One sentence without method and URL, which the outcome knows.
    pub detail: String,
}

impl Error {
    /// An error with `code` and a sentence that explains it.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            phase: None,
            detail: detail.into(),
        }
    }

    /// This error, said of the option that it is about.
    #[must_use]
    pub fn of(self, option: &str) -> Self {
        let detail = format!("{option}: {}", self.detail);
        Self { detail, ..self }
    }

    /// The limit of `phase` passed.
    pub fn timed_out(phase: Phase, limit: std::time::Duration) -> Self {
        let detail = format!(
            "timed out after {} ms in the phase '{}'",
            limit.as_millis(),
            phase.name()
        );
        Self {
            code: Code::TimedOut,
            phase: Some(phase),
            detail,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.detail, self.code.name())
    }
}

impl std::error::Error for Error {}

//! Where the bytes of a body go, and the credit that they use up there.

mod credit;
mod dropped;
mod file;
mod memory;

pub(crate) use credit::{Account, Credit};
pub(crate) use file::{Plan as FilePlan, Start as FileStart};

use std::sync::Arc;

use bytes::Bytes;

use crate::body_plan::BodyPlan;
use crate::checksum::Hasher;
use crate::error::{Code, Error};
use crate::options::{RequestOptions, ResponseType};
use dropped::DropSink;
use file::FileSink;
use memory::MemorySink;

/// A body at least this large has memory of its own, from its sink into its batch; smaller ones are copied next to each other.
pub(crate) const OWN_MEMORY: usize = 64 << 10;

/// A body as its sink leaves it.
#[derive(Debug, Default)]
pub(crate) enum Body {
    /// No bytes.
    #[default]
    Empty,
    /// One piece, still in the transport's read buffer: to be copied out soon.
    Borrowed(Bytes),
    /// Bytes with a home of their own.
    Owned(Vec<u8>),
}

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        match self {
            Body::Empty => &[],
            Body::Borrowed(bytes) => bytes,
            Body::Owned(bytes) => bytes,
        }
    }
}

/// Takes the decoded bytes of one body, and holds them to their checksum.
///
/// What is done with files is boxed: inline, it would make the future of every request several times as large, and moving that is what
/// small bodies would cost most.
#[derive(Debug)]
pub(crate) struct Sink {
    kind: Kind,
    hasher: Option<Box<Hasher>>,
}

#[derive(Debug)]
enum Kind {
    Memory(MemorySink),
    File(Box<FileSink>),
    Dropped(DropSink),
}

impl Sink {
    /// The sink that `options` ask for. A checksum is that of a response with `is_success`, and of no other.
    pub(crate) fn new(
        options: &RequestOptions,
        plan: &BodyPlan,
        is_success: bool,
        credit: &Arc<Credit>,
    ) -> Result<Self, Error> {
        let expected = plan.expected_size;
        let kind = match options.response_type {
            ResponseType::Buffer => {
                Kind::Memory(MemorySink::new(options.max_body_size, expected, credit)?)
            }
            ResponseType::None | ResponseType::Head => {
                Kind::Dropped(DropSink::new(options.max_dropped_size, expected)?)
            }
        };
        let checksum = options.checksum.as_ref().filter(|_| is_success);
        Ok(Self {
            kind,
            hasher: checksum.map(|checksum| Box::new(checksum.begin())),
        })
    }

    /// The sink for a body that goes to a file.
    pub(crate) async fn file(
        options: &RequestOptions,
        plan: &BodyPlan,
        file: Box<FilePlan>,
    ) -> Result<Self, Error> {
        let mut sink = FileSink::new(file, options.max_dropped_size, plan.expected_size)?;
        let hasher = match &options.checksum {
            Some(checksum) => {
                let read_back = Box::pin(sink.read_back(checksum.begin()));
                Some(Box::new(read_back.await?))
            }
            None => None,
        };
        Ok(Self {
            kind: Kind::File(Box::new(sink)),
            hasher,
        })
    }

    /// Decoded bytes taken at most.
    pub(crate) fn cap(&self) -> u64 {
        match &self.kind {
            Kind::Memory(sink) => sink.cap(),
            Kind::File(sink) => sink.cap(),
            Kind::Dropped(sink) => sink.cap(),
        }
    }

    /// Decoded bytes taken so far.
    pub(crate) fn size(&self) -> u64 {
        match &self.kind {
            Kind::Memory(sink) => sink.size(),
            Kind::File(sink) => sink.size(),
            Kind::Dropped(sink) => sink.size(),
        }
    }

    /// Takes a piece that may stay where it is until the body is delivered.
    pub(crate) async fn write_shared(&mut self, piece: Bytes) -> Result<(), Error> {
        self.hash(&piece);
        match &mut self.kind {
            Kind::Memory(sink) => sink.write_shared(piece).await,
            Kind::File(sink) => sink.write(piece).await,
            Kind::Dropped(sink) => sink.write(&piece),
        }
    }

    /// Takes a copy of `piece`.
    pub(crate) async fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.hash(piece);
        match &mut self.kind {
            Kind::Memory(sink) => sink.write(piece).await,
            Kind::File(sink) => sink.write(Bytes::copy_from_slice(piece)).await,
            Kind::Dropped(sink) => sink.write(piece),
        }
    }

    /// The whole body, unless it is not the one that was meant.
    pub(crate) async fn finish(self) -> Result<Body, Error> {
        if let Some(hasher) = self.hasher
            && let Err(error) = hasher.finish()
        {
            if let Kind::File(sink) = self.kind {
                Box::pin(sink.discard()).await;
            }
            return Err(error);
        }
        Ok(match self.kind {
            Kind::Memory(sink) => sink.finish(),
            Kind::File(sink) => {
                Box::pin(sink.finish()).await?;
                Body::Empty
            }
            Kind::Dropped(_) => Body::Empty,
        })
    }

    /// The body did not come whole. Of a file that can be continued, what came stays.
    pub(crate) async fn give_up(self) {
        if let Kind::File(sink) = self.kind {
            Box::pin(sink.give_up()).await;
        }
    }

    fn hash(&mut self, piece: &[u8]) {
        if let Some(hasher) = &mut self.hasher {
            hasher.update(piece);
        }
    }
}

fn too_large(cap: u64) -> Error {
    let detail = format!("the body is larger than {cap} bytes");
    Error::new(Code::BodyTooLarge, detail)
}

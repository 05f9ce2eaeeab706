//! One layer of a body's codings, undone piece by piece with bounded output.

use bytes::{Buf, Bytes};
use compression_codecs::core::util::{PartialBuffer, WriteBuffer};
use compression_codecs::zstd::params::DParameter;
use compression_codecs::{
    BrotliDecoder, DecodeV2, DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder,
};

use super::codings::Coding;
use crate::error::{Code, Error};

/// What one step yields at most.
pub(super) const STEP: usize = 32 << 10;

/// What a zstd body may ask us to remember is 8 MiB (RFC 9659 §3): the decoder sets as much aside on the word of a header.
const ZSTD_WINDOW_LOG: u32 = 23;

/// One coding, what is still to be decoded of it, and what was decoded last.
pub(super) struct Layer {
    coding: Coding,
    decoder: Option<Box<dyn DecodeV2 + Send>>,
    state: State,
    input: Bytes,
    output: Vec<u8>,
    /// Bytes of the output that the last step filled.
    produced: usize,
    /// Bytes that it may still yield.
    left: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing came yet.
    New,
    /// In the middle of a member.
    Open,
    /// At the end of a member.
    Ended,
    /// After the end: what follows is not part of the body.
    Trailing,
}

impl Layer {
    pub(super) fn new(coding: Coding, cap: u64) -> Self {
        let decoder: Option<Box<dyn DecodeV2 + Send>> = match coding {
            Coding::Gzip => Some(Box::new(GzipDecoder::new())),
            Coding::Brotli => Some(Box::new(BrotliDecoder::new())),
            Coding::Zstd => {
                let window = DParameter::window_log_max(ZSTD_WINDOW_LOG);
                Some(Box::new(ZstdDecoder::new_with_params(&[window])))
            }
            // Servers send both of the two formats under this name; the first byte tells.
            Coding::Deflate => None,
        };
        Self {
            coding,
            decoder,
            state: State::New,
            input: Bytes::new(),
            output: Vec::new(),
            produced: 0,
            left: cap,
        }
    }

    /// Takes the next encoded piece, when all of the one before it is used up.
    pub(super) fn feed(&mut self, piece: Bytes) {
        self.input = piece;
        self.produced = 0;
    }

    /// Whether a step can be taken without more input.
    pub(super) fn can_step(&self) -> bool {
        // The last of the input may stand for more output than there was room for.
        !self.input.is_empty() || (self.state == State::Open && self.produced == STEP)
    }

    /// What the last step decoded.
    pub(super) fn output(&self) -> &[u8] {
        &self.output[..self.produced]
    }

    /// Decodes until the output is full or the input is used up.
    pub(super) fn step(&mut self) -> Result<(), Error> {
        self.produced = 0;
        let next = self.input.first().copied();
        if let (State::Ended, Some(next)) = (self.state, next) {
            self.begin_next_member(next)?;
        }
        if self.state == State::Trailing {
            self.input.clear();
            return Ok(());
        }
        let ended = match next {
            Some(next) => self.decode(next),
            None => self.drain(),
        };
        self.state = if ended? { State::Ended } else { State::Open };
        self.left = self.left.checked_sub(self.produced as u64).ok_or_else(|| {
            Error::new(
                Code::BodyTooLarge,
                "a coding of the body yields more than the body may have",
            )
        })?;
        Ok(())
    }

    /// Returns whether a member came to its end.
    fn decode(&mut self, next: u8) -> Result<bool, Error> {
        let decoder = self.decoder.get_or_insert_with(|| deflate_decoder(next));
        let mut input = PartialBuffer::new(&*self.input);
        let mut output = writable(&mut self.output);
        let ended = decoder
            .decode(&mut input, &mut output)
            .map_err(self.coding.broken())?;
        let used = input.written_len();
        self.produced = output.written_len();
        self.input.advance(used);
        if used == 0 && self.produced == 0 && !ended {
            return Err(Error::new(
                Code::Decode,
                "the body cannot be decoded any further",
            ));
        }
        Ok(ended)
    }

    /// Takes out what the decoder still holds.
    fn drain(&mut self) -> Result<bool, Error> {
        let Some(decoder) = &mut self.decoder else {
            return Ok(false);
        };
        let mut output = writable(&mut self.output);
        let ended = match self.coding {
            // Its `flush` does not tell the end of a frame.
            Coding::Zstd => decoder.decode(&mut PartialBuffer::new(&[]), &mut output),
            // Their `decode` wants input, and `finish` tells the end afterwards.
            Coding::Gzip | Coding::Deflate | Coding::Brotli => {
                decoder.flush(&mut output).map(|_| false)
            }
        };
        self.produced = output.written_len();
        ended.map_err(self.coding.broken())
    }

    /// Says whether the coding came to its end, if it began.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        let (State::Open, Some(decoder)) = (self.state, &mut self.decoder) else {
            return Ok(());
        };
        if let Ok(true) = decoder.finish(&mut writable(&mut self.output)) {
            return Ok(());
        }
        let detail = format!(
            "the body ends in the middle of its {} coding",
            self.coding.name()
        );
        Err(Error::new(Code::Decode, detail))
    }

    /// gzip and zstd bodies may have several members, one after the other (RFC 1952 §2.2, RFC 8878 §3.1). Whatever else
    /// follows the end is passed over, as Node's own decoder does.
    fn begin_next_member(&mut self, next: u8) -> Result<(), Error> {
        let another = match self.coding {
            Coding::Gzip => next == 0x1f,
            Coding::Zstd => next == 0x28 || (0x50..=0x5f).contains(&next),
            Coding::Brotli | Coding::Deflate => false,
        };
        let Some(decoder) = self.decoder.as_mut().filter(|_| another) else {
            self.state = State::Trailing;
            return Ok(());
        };
        self.state = State::Open;
        decoder.reinit().map_err(self.coding.broken())
    }
}

fn writable(output: &mut Vec<u8>) -> WriteBuffer<'_> {
    output.resize(STEP, 0);
    WriteBuffer::new_initialized(output)
}

/// RFC 9110 means the zlib format; many servers send raw deflate. The low half of a zlib stream's first byte is 8, which
/// would be a reserved or stored block in raw deflate.
fn deflate_decoder(first: u8) -> Box<dyn DecodeV2 + Send> {
    if first & 0x0f == 8 {
        Box::new(ZlibDecoder::new())
    } else {
        Box::new(DeflateDecoder::new())
    }
}

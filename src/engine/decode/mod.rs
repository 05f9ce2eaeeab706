//! Content codings, by RFC 9110 §8.4.1: gzip, br, zstd and deflate, matched without regard to case, up to five layers.
//! What is not decoded is handed over as it came, and said to be so.

mod codings;
mod layer;

pub(crate) use codings::{Coding, Codings};

use crate::error::Error;
use layer::Layer;

/// The codings of one body, in the order in which they are undone.
pub(crate) struct Decoder {
    layers: Vec<Layer>,
}

impl Decoder {
    /// Undoes `codings`, the last applied first, towards a body of at most `cap` bytes.
    pub(crate) fn new(codings: &[Coding], cap: u64) -> Self {
        // What will become a body is hardly larger than it while it is still encoded, unless it is a bomb. The last layer
        // needs no cap: the sink has one.
        let encoded_cap = cap.saturating_add(cap / 64).saturating_add(64 << 10);
        let last_first = codings.iter().rev().enumerate();
        let layers = last_first.map(|(i, &coding)| {
            let is_body = i + 1 == codings.len();
            Layer::new(coding, if is_body { u64::MAX } else { encoded_cap })
        });
        Self {
            layers: layers.collect(),
        }
    }

    /// Decodes `input` and hands every piece that comes out to `sink`.
    pub(crate) fn write(
        &mut self,
        input: &[u8],
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        pass_on(&mut self.layers, input, sink)
    }

    /// Says whether the body was whole. An empty body is: there is nothing to decode in it.
    pub(crate) fn finish(&mut self) -> Result<(), Error> {
        self.layers.iter_mut().try_for_each(Layer::finish)
    }
}

fn pass_on(
    layers: &mut [Layer],
    input: &[u8],
    sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    match layers.split_first_mut() {
        None => sink(input),
        Some((layer, rest)) => layer.write(input, &mut |piece| pass_on(rest, piece, sink)),
    }
}

#[cfg(test)]
mod tests {
    use compression_codecs::brotli::params::EncoderParams as BrotliParams;
    use compression_codecs::core::Level;
    use compression_codecs::core::util::{PartialBuffer, WriteBuffer};
    use compression_codecs::{
        BrotliEncoder, DeflateEncoder, EncodeV2, GzipEncoder, ZlibEncoder, ZstdEncoder,
    };

    use super::layer::STEP;
    use super::*;
    use crate::error::Code;

    fn encode(mut encoder: impl EncodeV2, data: &[u8]) -> Vec<u8> {
        let mut room = vec![0; data.len() * 2 + 1024];
        let mut output = WriteBuffer::new_initialized(&mut room);
        let mut input = PartialBuffer::new(data);
        while !input.unwritten().is_empty() {
            encoder
                .encode(&mut input, &mut output)
                .expect("there is room");
        }
        while !encoder.finish(&mut output).expect("there is room") {}
        output.written().to_vec()
    }

    fn gzip_encoder() -> GzipEncoder {
        GzipEncoder::new(Level::Default.into())
    }

    fn brotli_encoder() -> BrotliEncoder {
        BrotliEncoder::new(BrotliParams::default().quality(Level::Fastest))
    }

    fn encodings(data: &[u8]) -> [(Coding, Vec<u8>); 5] {
        [
            (Coding::Gzip, encode(gzip_encoder(), data)),
            (
                Coding::Deflate,
                encode(ZlibEncoder::new(Level::Default.into()), data),
            ),
            (
                Coding::Deflate,
                encode(DeflateEncoder::new(Level::Default.into()), data),
            ),
            (Coding::Brotli, encode(brotli_encoder(), data)),
            (Coding::Zstd, encode(ZstdEncoder::new(3), data)),
        ]
    }

    fn decode<'a>(
        codings: &[Coding],
        pieces: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Vec<u8>, Error> {
        let mut decoder = Decoder::new(codings, u64::MAX);
        let mut body = Vec::new();
        for piece in pieces {
            decoder.write(piece, &mut |bytes| {
                body.extend_from_slice(bytes);
                Ok(())
            })?;
        }
        decoder.finish().map(|()| body)
    }

    #[test]
    fn every_coding_decodes_bodies_of_every_size_around_a_step() {
        for size in [0, 1, 100, STEP - 1, STEP, STEP + 1, 3 * STEP, 10 * STEP + 7] {
            let noise: Vec<u8> = (0..size)
                .map(|i: usize| (i * i / 7 + i / 251).to_le_bytes()[0])
                .collect();
            for data in [noise, vec![b'a'; size]] {
                for (coding, encoded) in encodings(&data) {
                    let body = decode(&[coding], [&encoded[..]]);
                    assert_eq!(body.ok(), Some(data.clone()), "{coding:?} of {size} bytes");
                }
            }
        }
    }

    #[test]
    fn a_body_may_come_in_pieces_cut_anywhere() {
        let data = b"a body that is long enough to be worth compressing, again and again and again";
        for (coding, encoded) in encodings(data) {
            for cut in 0..encoded.len() {
                let (left, right) = encoded.split_at(cut);
                assert_eq!(
                    decode(&[coding], [left, right]).ok().as_deref(),
                    Some(&data[..]),
                    "{coding:?}"
                );
            }
            let single_bytes = decode(&[coding], encoded.chunks(1));
            assert_eq!(single_bytes.ok().as_deref(), Some(&data[..]), "{coding:?}");
        }
    }

    #[test]
    fn a_body_that_ends_early_is_an_error_wherever_it_ends() {
        for (coding, encoded) in encodings(b"a body that ends early") {
            for end in 1..encoded.len() {
                let error = decode(&[coding], [&encoded[..end]]).expect_err("it is cut");
                assert_eq!(error.code, Code::Decode, "{coding:?} cut at {end}");
            }
        }
    }

    #[test]
    fn layers_are_undone_from_the_last_to_the_first() {
        let inner = encode(gzip_encoder(), b"layers");
        let both = encode(brotli_encoder(), &inner);
        let body = decode(&[Coding::Gzip, Coding::Brotli], [&both[..]]);
        assert_eq!(body.ok().as_deref(), Some(&b"layers"[..]));
    }

    #[test]
    fn members_follow_each_other_and_what_is_no_member_is_passed_over() {
        for (coding, encoder) in [(Coding::Gzip, 0), (Coding::Zstd, 4)] {
            let mut body = encodings(b"one,")[encoder].1.clone();
            body.extend(&encodings(b"two")[encoder].1);
            body.extend(b"\0\0 padding");
            assert_eq!(
                decode(&[coding], [&body[..]]).ok().as_deref(),
                Some(&b"one,two"[..])
            );
        }
    }

    #[test]
    fn a_sink_that_is_full_stops_the_decoder() {
        let bomb = encode(gzip_encoder(), &vec![0; 64 * STEP]);
        let mut taken = 0;
        let stopped = Decoder::new(&[Coding::Gzip], u64::MAX).write(&bomb, &mut |bytes| {
            taken += bytes.len();
            if taken > STEP {
                Err(Error::new(Code::BodyTooLarge, "full"))
            } else {
                Ok(())
            }
        });
        assert_eq!(stopped.map_err(|error| error.code), Err(Code::BodyTooLarge));
        assert!(taken <= 2 * STEP);
    }

    #[test]
    fn no_layer_yields_much_more_than_a_body_may_have_even_if_the_next_one_drops_it() {
        let mut inner = encode(gzip_encoder(), b"small");
        inner.resize(64 * STEP, 0);
        let bomb = encode(gzip_encoder(), &inner);
        let mut decoder = Decoder::new(&[Coding::Gzip, Coding::Gzip], 1_000);
        let stopped = decoder.write(&bomb, &mut |_| Ok(()));
        assert_eq!(stopped.map_err(|error| error.code), Err(Code::BodyTooLarge));
    }
}

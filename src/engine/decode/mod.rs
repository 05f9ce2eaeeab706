//! Content codings, by RFC 9110 §8.4.1: gzip, br, zstd and deflate, matched without regard to case, up to five layers.
//! What is not decoded is handed over as it came, and said to be so.

mod codings;
mod layer;

pub(crate) use codings::{Coding, Codings};

use bytes::Bytes;

use crate::error::{Code, Error};
use layer::Layer;

/// The codings of one body, in the order in which they are undone.
pub(crate) struct Decoder {
    layers: Vec<Layer>,
    /// Encoded bytes that may still come; `None` once there were more.
    left: Option<u64>,
}

impl Decoder {
    /// Undoes `codings`, the last applied first, towards a body of at most `cap` bytes.
    pub(crate) fn new(codings: &[Coding], cap: u64) -> Self {
        // What will become a body is hardly larger than it while it is still encoded, unless it is a bomb, or a flood of
        // what decodes to nothing. The last layer needs no cap: the sink has one.
        let encoded_cap = cap.saturating_add(cap / 64).saturating_add(64 << 10);
        let last_first = codings.iter().rev().enumerate();
        let layers = last_first.map(|(i, &coding)| {
            let is_body = i + 1 == codings.len();
            Layer::new(coding, if is_body { u64::MAX } else { encoded_cap })
        });
        Self {
            layers: layers.collect(),
            left: Some(encoded_cap),
        }
    }

    /// Takes the next encoded piece, when all of the one before it is used up.
    pub(crate) fn feed(&mut self, piece: Bytes) {
        let size = piece.len() as u64;
        self.left = self.left.and_then(|left| left.checked_sub(size));
        if let Some(first) = self.layers.first_mut() {
            first.feed(piece);
        }
    }

    /// Takes one step and returns what it decoded, which may be nothing; `None` when it needs the next piece.
    pub(crate) fn step(&mut self) -> Result<Option<&[u8]>, Error> {
        if self.left.is_none() {
            let detail = "the body is larger encoded than it may be decoded";
            return Err(Error::new(Code::BodyTooLarge, detail));
        }
        Ok(if step(&mut self.layers)? {
            self.layers.last().map(Layer::output)
        } else {
            None
        })
    }

    /// Says whether the body was whole. An empty body is: there is nothing to decode in it.
    pub(crate) fn finish(&mut self) -> Result<(), Error> {
        self.layers.iter_mut().try_for_each(Layer::finish)
    }
}

/// Lets the last of `layers` take a step, fed by those before it. Returns whether it could.
fn step(layers: &mut [Layer]) -> Result<bool, Error> {
    let Some((last, before)) = layers.split_last_mut() else {
        return Ok(false);
    };
    if !last.can_step() {
        if !step(before)? {
            return Ok(false);
        }
        last.feed(
            before
                .last()
                .map_or_else(Bytes::new, |layer| Bytes::copy_from_slice(layer.output())),
        );
    }
    if last.can_step() {
        last.step()?;
    }
    Ok(true)
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
            decoder.feed(Bytes::copy_from_slice(piece));
            while let Some(bytes) = decoder.step()? {
                body.extend_from_slice(bytes);
            }
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
        let data: Vec<u8> = (0..3 * STEP)
            .map(|i| (i * i / 7 + i / 251).to_le_bytes()[0])
            .collect();
        let inner = encode(gzip_encoder(), &data);
        let outer = [
            (Coding::Gzip, encode(gzip_encoder(), &inner)),
            (Coding::Brotli, encode(brotli_encoder(), &inner)),
        ];
        for (coding, both) in outer {
            for size in [both.len(), 1_000, 7, 1] {
                let body = decode(&[Coding::Gzip, coding], both.chunks(size));
                assert!(
                    body.is_ok_and(|body| body == data),
                    "{coding:?} in pieces of {size}"
                );
            }
        }
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
    fn a_bomb_is_decoded_step_by_step() {
        for (coding, bomb) in encodings(&vec![0; 64 * STEP]) {
            let mut decoder = Decoder::new(&[coding], 1_000);
            decoder.feed(bomb.into());
            let mut steps = 0;
            while let Some(bytes) = decoder.step().expect("the sink is what stops it") {
                assert!(bytes.len() <= STEP);
                steps += 1;
            }
            assert!(steps >= 64, "{coding:?}");
        }
    }

    #[test]
    fn a_body_whose_checksum_or_length_is_wrong_is_an_error() {
        let data = b"a body that is not what it was";
        let [(_, gzip), (_, zlib), ..] = encodings(data);
        for (coding, encoded, ending) in [(Coding::Gzip, gzip, 8), (Coding::Deflate, zlib, 4)] {
            for from_the_end in 1..=ending {
                let mut broken = encoded.clone();
                broken[encoded.len() - from_the_end] ^= 1;
                let error = decode(&[coding], [&broken[..]]).expect_err("it is broken");
                assert_eq!(error.code, Code::Decode, "{coding:?} -{from_the_end}");
            }
        }
    }

    #[test]
    fn five_layers_are_undone() {
        let codings = [
            Coding::Gzip,
            Coding::Deflate,
            Coding::Brotli,
            Coding::Zstd,
            Coding::Gzip,
        ];
        let body = codings.iter().fold(b"deep".to_vec(), |data, layer| {
            let mut encodings = encodings(&data).into_iter();
            let (_, encoded) = encodings
                .find(|(coding, _)| coding == layer)
                .expect("it is one of them");
            encoded
        });
        assert_eq!(
            decode(&codings, [&body[..]]).ok().as_deref(),
            Some(&b"deep"[..])
        );
    }

    #[test]
    fn members_of_nothing_are_passed_over_until_they_are_more_than_the_body_may_be() {
        for (coding, encoder) in [(Coding::Gzip, 0), (Coding::Zstd, 4)] {
            let empty = encodings(b"")[encoder].1.clone();
            let members = empty.repeat((64 << 10) / empty.len());
            let mut decoder = Decoder::new(&[coding], 1_000);
            decoder.feed(members.clone().into());
            while let Some(bytes) = decoder.step().expect("it may be a small body") {
                assert!(bytes.is_empty());
            }
            decoder.finish().expect("every member is whole");
            decoder.feed(members.into());
            let error = decoder.step().map(|_| ()).expect_err("it is too large");
            assert_eq!(error.code, Code::BodyTooLarge, "{coding:?}");
        }
    }

    #[test]
    fn a_zstd_window_of_more_than_eight_mebibytes_is_an_error() {
        // The frame's window, as its exponent above 1 KiB, and one raw block that is the last.
        let with_window = |exponent: u8| {
            let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, exponent << 3];
            frame.extend([1 | 2 << 3, 0, 0, b'o', b'k']);
            decode(&[Coding::Zstd], [&frame[..]]).map_err(|error| error.code)
        };
        assert_eq!(with_window(13), Ok(b"ok".to_vec()));
        for exponent in [14, 17, 21, 31] {
            assert_eq!(with_window(exponent), Err(Code::Decode), "{exponent}");
        }
    }

    #[test]
    fn a_zstd_dictionary_that_nobody_has_is_an_error() {
        let frame = [
            0x28, 0xb5, 0x2f, 0xfd, 3, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 0,
        ];
        let error = decode(&[Coding::Zstd], [&frame[..]]).expect_err("there is none");
        assert_eq!(error.code, Code::Decode);
    }

    #[test]
    fn no_layer_yields_much_more_than_a_body_may_have_even_if_the_next_one_drops_it() {
        let mut inner = encode(gzip_encoder(), b"small");
        inner.resize(64 * STEP, 0);
        let bomb = encode(gzip_encoder(), &inner);
        let mut decoder = Decoder::new(&[Coding::Gzip, Coding::Gzip], 1_000);
        decoder.feed(bomb.into());
        let mut step = decoder.step().map(|_| ());
        while step.is_ok() {
            step = decoder
                .step()
                .map(|bytes| assert!(bytes.is_some(), "it was not stopped"));
        }
        assert_eq!(step.map_err(|error| error.code), Err(Code::BodyTooLarge));
    }

    #[test]
    fn a_small_body_may_be_larger_while_it_is_encoded() {
        let noise: Vec<u8> = (0..90_u8).map(|i| i.wrapping_mul(167) ^ (i >> 1)).collect();
        let inner = encode(gzip_encoder(), &noise);
        let both = encode(gzip_encoder(), &inner);
        let mut decoder = Decoder::new(&[Coding::Gzip, Coding::Gzip], 90);
        decoder.feed(both.into());
        let mut body = Vec::new();
        while let Some(bytes) = decoder.step().expect("it is no bomb") {
            body.extend_from_slice(bytes);
        }
        assert_eq!(body, noise);
    }
}

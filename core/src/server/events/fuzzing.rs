//! What arbitrary bytes must not do to the event stream. For fuzzing and for the tests of its
//! corpus, as `store::fuzzing`.

use super::decode_all;
use crate::sse::{Decoder, Frame};

/// Small, so that frames are too long often.
const LIMIT: usize = 100;

fn decode(parts: impl Iterator<Item = impl AsRef<[u8]>>) -> Vec<Option<String>> {
    let mut decoder = Decoder::new(LIMIT);
    let mut frames = Vec::new();
    for part in parts {
        let mut bytes = part.as_ref();
        while let Some(frame) = decoder.next(&mut bytes) {
            frames.push(match frame {
                Frame::Data(data) => Some(data.to_owned()),
                Frame::NotUtf8 | Frame::TooLong => None,
            });
        }
        assert!(bytes.is_empty(), "every byte is used");
        assert!(decoder.held() <= 4 * LIMIT, "memory is bounded");
    }
    frames
}

/// Reads bytes as one form of stream.
pub type Target = fn(&[u8]);

/// As an event stream: however it is split, the frames are the same and memory is bounded.
pub fn sse(bytes: &[u8]) {
    let whole = decode(std::iter::once(bytes));
    assert_eq!(decode(bytes.chunks(1)), whole, "byte by byte");
    let size = 2 + bytes.first().map_or(0, |byte| usize::from(byte % 16));
    assert_eq!(decode(bytes.chunks(size)), whole, "in parts of {size}");
    for event in decode_all(bytes).flatten() {
        drop(event.derived());
    }
}

/// Every target by its name, which is also the name of its corpus.
pub const TARGETS: &[(&str, Target)] = &[("sse", sse)];

//! The decoder: the standard's rules, any split, and bounded memory.

use proptest::prelude::*;

use crate::sse::{Decoder, Frame};

const LIMIT: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Data(String),
    NotUtf8,
    TooLong,
}

fn feed(decoder: &mut Decoder, mut bytes: &[u8], seen: &mut Vec<Seen>) {
    while let Some(frame) = decoder.next(&mut bytes) {
        seen.push(match frame {
            Frame::Data(data) => Seen::Data(data.to_owned()),
            Frame::NotUtf8 => Seen::NotUtf8,
            Frame::TooLong => Seen::TooLong,
        });
    }
    assert!(bytes.is_empty(), "every byte is used");
}

fn decode(bytes: &[u8]) -> Vec<Seen> {
    let mut seen = Vec::new();
    feed(&mut Decoder::new(LIMIT), bytes, &mut seen);
    seen
}

fn data(all: &[&str]) -> Vec<Seen> {
    all.iter().map(|data| Seen::Data((*data).to_owned())).collect()
}

#[test]
fn lines_end_in_lf_cr_or_crlf() {
    assert_eq!(decode(b"data: a\n\ndata: b\r\rdata: c\r\n\r\n"), data(&["a", "b", "c"]));
    assert_eq!(decode(b"data: a\r\ndata: b\n\rdata: c\n\n"), data(&["a\nb", "c"]));
}

#[test]
fn several_data_lines_are_one_frame() {
    assert_eq!(decode(b"data: a\ndata\ndata:\ndata:  b\n\n"), data(&["a\n\n\n b"]));
    assert_eq!(decode(b"data\n\n"), data(&[""]));
}

#[test]
fn comments_other_fields_and_blank_lines_are_no_frames() {
    let stream =
        b": hello\n\nevent: message\nid: 7\nretry: 5\n\n\n\ndatabase: x\n\n:\ndata: a\n: b\n\n";
    assert_eq!(decode(stream), data(&["a"]));
}

#[test]
fn a_frame_that_was_not_ended_is_none() {
    assert_eq!(decode(b"data: a\n\ndata: b\n"), data(&["a"]));
}

#[test]
fn a_byte_order_mark_is_skipped_at_the_very_beginning_only() {
    assert_eq!(decode("\u{feff}data: a\n\n\u{feff}data: b\n\n".as_bytes()), data(&["a"]));
    assert_eq!(decode("data: \u{feff}\n\n".as_bytes()), data(&["\u{feff}"]));
}

#[test]
fn what_unicode_calls_a_line_end_is_data() {
    let text = "\u{85}\u{2028}\u{2029}\u{b}\u{c}\0";
    assert_eq!(decode(format!("data: {text}\n\n").as_bytes()), data(&[text]));
}

#[test]
fn a_frame_that_is_not_utf_8_is_reported_and_the_next_one_is_read() {
    let mut expected = vec![Seen::NotUtf8];
    expected.extend(data(&["b"]));
    assert_eq!(decode(b"data: a\xff\n\ndata: b\n\n"), expected);
}

#[test]
fn a_line_at_the_limit_is_read_and_one_above_is_reported_once() {
    let fits = "x".repeat(LIMIT - "data: ".len());
    assert_eq!(decode(format!("data: {fits}\n\n").as_bytes()), data(&[&fits]));

    let mut expected = vec![Seen::TooLong];
    expected.extend(data(&["b"]));
    let long = format!("data: {fits}x\ndata: {fits}x\ndata: more\n\ndata: b\n\n");
    assert_eq!(decode(long.as_bytes()), expected);
}

#[test]
fn many_lines_that_are_too_much_together_are_reported_once() {
    let mut expected = vec![Seen::TooLong];
    expected.extend(data(&["b"]));
    let lines = "data: 0123456789\r\n".repeat(20);
    assert_eq!(decode(format!("{lines}\r\ndata: b\r\n\r\n").as_bytes()), expected);
}

#[test]
fn a_line_of_a_hundred_megabytes_takes_no_more_memory_than_the_limit_asks_for() {
    const MEGABYTE: usize = 1 << 20;
    let mut decoder = Decoder::new(MEGABYTE);
    let mut seen = Vec::new();
    feed(&mut decoder, b"data: ", &mut seen);
    let part = vec![b'x'; 64 << 10];
    let mut most = 0;
    for _ in 0..100 * MEGABYTE / part.len() {
        feed(&mut decoder, &part, &mut seen);
        most = most.max(decoder.held());
    }
    assert!(most <= 2 * MEGABYTE, "{most} bytes were held");
    feed(&mut decoder, b"\ndata: rest\n\ndata: b\n\n", &mut seen);
    assert_eq!(seen, [Seen::TooLong, Seen::Data("b".into())]);
}

#[test]
fn the_memory_of_a_large_frame_is_given_back() {
    const MEGABYTES: usize = 8 << 20;
    let mut decoder = Decoder::new(MEGABYTES);
    let mut seen = Vec::new();
    let large = format!("data: {}\n\n", "x".repeat(MEGABYTES - 6));
    for part in large.as_bytes().chunks(1000) {
        feed(&mut decoder, part, &mut seen);
    }
    assert_eq!(seen.len(), 1);
    feed(&mut decoder, b"data: b\n\n", &mut seen);
    assert!(decoder.held() <= 2 << 20, "{} bytes are held", decoder.held());
}

/// The standard's rules over a whole stream, written as plainly as they can be.
fn plainly(stream: &[u8]) -> Vec<Seen> {
    let mut stream = stream.strip_prefix("\u{feff}".as_bytes()).unwrap_or(stream);
    let mut lines = Vec::new();
    while let Some(end) = stream.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        lines.push(&stream[..end]);
        let crlf = stream[end..].starts_with(b"\r\n");
        stream = &stream[end + 1 + usize::from(crlf)..];
    }
    let mut seen = Vec::new();
    let mut values: Vec<&[u8]> = Vec::new();
    for line in lines {
        if line.is_empty() {
            if !values.is_empty() {
                let joined = values.join(&b'\n');
                seen.push(String::from_utf8(joined).map_or(Seen::NotUtf8, Seen::Data));
            }
            values.clear();
        } else if line == b"data" {
            values.push(b"");
        } else if let Some(value) = line.strip_prefix(b"data:") {
            values.push(value.strip_prefix(b" ").unwrap_or(value));
        }
    }
    seen
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let token = prop::sample::select(vec![
        &b"data: "[..],
        b"data:",
        b"data",
        b"dat",
        b":",
        b" ",
        b"\n",
        b"\n",
        b"\r\n",
        b"\r",
        b"\n\n",
        b"event: x",
        b"id",
        b"\xef\xbb\xbf",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"\xff",
        b"{\"a\":1}",
        b"0123456789",
    ]);
    prop::collection::vec(token, 0..60).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn any_split_of_the_bytes_gives_the_same_frames(
        stream in stream(),
        cuts in prop::collection::vec(0usize..12, 1..20),
    ) {
        let whole = decode(&stream);
        let mut decoder = Decoder::new(LIMIT);
        let mut seen = Vec::new();
        let mut rest = &stream[..];
        for cut in cuts.iter().cycle().take(2 * stream.len()) {
            let (part, others) = rest.split_at((*cut).min(rest.len()));
            feed(&mut decoder, part, &mut seen);
            rest = others;
        }
        feed(&mut decoder, rest, &mut seen);
        prop_assert_eq!(seen, whole);
    }

    #[test]
    fn the_frames_are_those_of_the_standard(stream in stream()) {
        let mut seen = Vec::new();
        feed(&mut Decoder::new(usize::MAX), &stream, &mut seen);
        prop_assert_eq!(seen, plainly(&stream));
    }
}

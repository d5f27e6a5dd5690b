//! Server-sent events from bytes, however they are split, in bounded memory.
//!
//! The rules are the HTML standard's. The fields `event`, `id` and `retry` are skipped: those who
//! send here say nothing in them that is not in the data.

use memchr::memchr2;

/// Buffers above this are given back once their frame is done.
const KEPT: usize = 1 << 20;

/// One frame of the stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// Its data, several lines joined by newlines.
    Data(&'a str),
    /// Its data is not UTF-8.
    NotUtf8,
    /// A line, or the data as a whole, is longer than the limit. The frame is skipped.
    TooLong,
}

/// Takes the bytes as they come, and remembers only what is not decided yet.
#[derive(Debug)]
pub(crate) struct Decoder {
    limit: usize,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// The frame's data so far, a newline behind every line.
    data: Vec<u8>,
    /// `data` was given out and is to be emptied.
    given: bool,
    /// The rest of this frame is skipped.
    skip_frame: bool,
    /// The rest of this line is skipped.
    skip_line: bool,
    /// A line ended in CR: an LF at once belongs to it.
    after_cr: bool,
    first_line: bool,
}

/// What a line meant.
enum Meaning {
    Nothing,
    FrameEnds,
    TooLong,
}

impl Decoder {
    /// A decoder at the beginning of a stream, that skips frames with more than `limit` bytes in a
    /// line or in their data.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            data: Vec::new(),
            given: false,
            skip_frame: false,
            skip_line: false,
            after_cr: false,
            first_line: true,
        }
    }

    /// The next frame that ends in `bytes`, which are moved past it. `None` when all are used up
    /// and more are needed.
    pub(crate) fn next(&mut self, bytes: &mut &[u8]) -> Option<Frame<'_>> {
        if std::mem::take(&mut self.given) {
            self.data.clear();
            self.data.shrink_to(KEPT);
        }
        while let [first, rest @ ..] = *bytes {
            if std::mem::take(&mut self.after_cr) && *first == b'\n' {
                *bytes = rest;
                continue;
            }
            let meaning = match memchr2(b'\r', b'\n', bytes) {
                Some(end) => {
                    let line = &bytes[..end];
                    self.after_cr = bytes[end] == b'\r';
                    *bytes = &bytes[end + 1..];
                    self.end_line(line)
                }
                None => self.begin_line(std::mem::take(bytes)),
            };
            match meaning {
                Meaning::Nothing => {}
                Meaning::FrameEnds => return Some(self.frame()),
                Meaning::TooLong => return Some(Frame::TooLong),
            }
        }
        None
    }

    /// Bytes held in memory.
    #[cfg(any(test, feature = "failpoints"))]
    pub(crate) fn held(&self) -> usize {
        self.line.capacity() + self.data.capacity()
    }

    fn begin_line(&mut self, part: &[u8]) -> Meaning {
        if self.skip_frame {
            // All that matters is that this line is not the blank one.
            self.skip_line = true;
            return Meaning::Nothing;
        }
        if self.line.len() + part.len() > self.limit {
            self.skip_line = true;
            return self.too_long();
        }
        self.line.extend_from_slice(part);
        Meaning::Nothing
    }

    fn end_line(&mut self, part: &[u8]) -> Meaning {
        if std::mem::take(&mut self.skip_line) {
            return Meaning::Nothing;
        }
        if self.line.is_empty() {
            return self.whole_line(part);
        }
        if let Meaning::TooLong = self.begin_line(part) {
            self.skip_line = false;
            return Meaning::TooLong;
        }
        let mut line = std::mem::take(&mut self.line);
        let meaning = self.whole_line(&line);
        line.clear();
        line.shrink_to(KEPT);
        self.line = line;
        meaning
    }

    fn whole_line(&mut self, mut line: &[u8]) -> Meaning {
        if line.len() > self.limit {
            return self.too_long();
        }
        if std::mem::take(&mut self.first_line) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            let skipped = std::mem::take(&mut self.skip_frame);
            return if skipped || self.data.is_empty() {
                Meaning::Nothing
            } else {
                Meaning::FrameEnds
            };
        }
        if self.skip_frame {
            return Meaning::Nothing;
        }
        let value = match line.strip_prefix(b"data") {
            Some([b':', b' ', value @ ..] | [b':', value @ ..]) => value,
            Some([]) => &[],
            _ => return Meaning::Nothing,
        };
        if self.data.len() + value.len() > self.limit {
            return self.too_long();
        }
        self.data.extend_from_slice(value);
        self.data.push(b'\n');
        Meaning::Nothing
    }

    /// Gives up on the frame, and says so once.
    fn too_long(&mut self) -> Meaning {
        self.line = Vec::new();
        self.data = Vec::new();
        self.first_line = false;
        if std::mem::replace(&mut self.skip_frame, true) {
            Meaning::Nothing
        } else {
            Meaning::TooLong
        }
    }

    fn frame(&mut self) -> Frame<'_> {
        self.given = true;
        let data = self.data.strip_suffix(b"\n").unwrap_or(&self.data);
        std::str::from_utf8(data).map_or(Frame::NotUtf8, Frame::Data)
    }
}

//! The journal's lines: written with a checksum, read with whatever a crash or a disk left.
//!
//! Line 1 is `{"journal":1,"id","base","snapshot_crc"}`; every other is
//! `{"rev","at","op","data","c"}`, where `c` is the crc32c of the line's bytes before `,"c":`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{OpencodeError, Result};
use crate::model::{Change, MAX_JOURNAL_LINE, Record};

/// Greatest revision that is believed, on reading; what every JSON reader can hold exactly.
pub(crate) const MAX_REVISION: u64 = 1 << 53;
/// The form of journal this version writes.
const FORM: u64 = 1;
/// `,"c":"0123abcd"}`
const TRAILER: usize = 16;

/// The first line of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    pub journal: u64,
    pub id: String,
    /// The snapshot's revision that the first record follows.
    pub base: u64,
    /// crc32c of the snapshot's bytes, to tell whether somebody else changed it.
    pub snapshot_crc: u32,
}

impl Header {
    pub(crate) fn new(id: &str, base: u64, snapshot_crc: u32) -> Self {
        Self { journal: FORM, id: id.to_owned(), base, snapshot_crc }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }
}

/// One change and the revision it makes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub rev: u64,
    pub record: Record,
}

/// Appends the line of one change to `out`; `INVALID_ARGUMENT` when it is longer than a line may be.
pub(crate) fn encode_record(out: &mut Vec<u8>, rev: u64, record: &Record) -> Result<()> {
    let start = out.len();
    out.extend_from_slice(format!("{{\"rev\":{rev},\"at\":\"{}\"", record.at).as_bytes());
    let body = out.len();
    serde_json::to_writer(&mut *out, &record.change)
        .map_err(|e| OpencodeError::invalid(format!("the change cannot be written: {e}")))?;
    // The change is an object: its members follow ours, and the checksum follows them.
    out[body] = b',';
    out.pop();
    let crc = crc32c::crc32c(&out[start..]);
    out.extend_from_slice(format!(",\"c\":\"{crc:08x}\"}}\n").as_bytes());
    let length = out.len() - start;
    if length > MAX_JOURNAL_LINE {
        return Err(OpencodeError::invalid_with_hint(
            format!("the change is {length} bytes long, {MAX_JOURNAL_LINE} are allowed"),
            "keep large data in a file and store its path",
        ));
    }
    Ok(())
}

/// What one line turned out to be.
enum Line {
    Entry(Entry),
    /// A change of a newer version, intact but not understood.
    Unknown {
        rev: u64,
        op: String,
    },
    Invalid,
}

fn decode_record(line: &[u8]) -> Line {
    let Some(body) = checked_body(line) else { return Line::Invalid };
    #[derive(Deserialize)]
    struct Numbered {
        rev: u64,
        #[serde(flatten)]
        record: Record,
    }
    // The checksum is not part of the change: put the brace back in its place.
    let mut json = Vec::with_capacity(body.len() + 1);
    json.extend_from_slice(body);
    json.push(b'}');
    if let Ok(Numbered { rev, record }) = serde_json::from_slice(&json) {
        if rev > MAX_REVISION {
            return Line::Invalid;
        }
        return Line::Entry(Entry { rev, record });
    }
    match serde_json::from_slice::<NamedOp<'_>>(&json) {
        Ok(named) if !is_known(&named.op) => {
            Line::Unknown { rev: named.rev, op: named.op.into_owned() }
        }
        _ => Line::Invalid,
    }
}

#[derive(Deserialize)]
struct NamedOp<'a> {
    rev: u64,
    #[serde(borrow)]
    op: Cow<'a, str>,
}

/// Whether this version has a change of that name.
fn is_known(op: &str) -> bool {
    let probe = serde_json::json!({ "op": op, "data": Value::Null });
    match serde_json::from_value::<Change>(probe) {
        Ok(_) => true,
        Err(e) => !e.to_string().starts_with("unknown variant"),
    }
}

/// The bytes the checksum covers, if it is right.
fn checked_body(line: &[u8]) -> Option<&[u8]> {
    let body = line.get(..line.len().checked_sub(TRAILER)?)?;
    let trailer = std::str::from_utf8(&line[body.len()..]).ok()?;
    let hex = trailer.strip_prefix(",\"c\":\"")?.strip_suffix("\"}")?;
    (u32::from_str_radix(hex, 16).ok()? == crc32c::crc32c(body)).then_some(body)
}

/// Bytes of a journal that are not a line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadRange {
    pub offset: u64,
    pub len: u64,
}

/// How a journal ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tail {
    /// After a whole line.
    Clean,
    /// The last line is whole but for its line feed.
    NoLineFeed,
    /// Something follows the last whole line that is none.
    Torn,
}

/// A journal, or a part of one, as found on disk.
#[derive(Debug)]
pub(crate) struct Scan {
    pub header: Option<Header>,
    pub entries: Vec<Entry>,
    /// Bad lines with good ones after them.
    pub bad: Vec<BadRange>,
    /// Offset behind the last whole line.
    pub end: u64,
    pub tail: Tail,
    /// The first change of a newer version, and its revision.
    pub unknown: Option<(u64, String)>,
}

impl Scan {
    /// Reads a whole journal.
    pub(crate) fn whole(bytes: &[u8]) -> Self {
        let mut scan = Self::empty(0);
        let (first, rest) = match bytes.iter().position(|b| *b == b'\n') {
            Some(at) => (&bytes[..at], at + 1),
            None => (&[][..], 0),
        };
        match serde_json::from_slice::<Header>(first) {
            Ok(header) if header.base <= MAX_REVISION => {
                if header.journal > FORM {
                    scan.unknown = Some((0, format!("journal form {}", header.journal)));
                }
                scan.header = Some(header);
                scan.end = rest as u64;
                scan.lines(&bytes[rest..], rest as u64);
            }
            _ => scan.lines(bytes, 0),
        }
        scan
    }

    /// Reads the journal of the session `id`. That of another session, put in its place by other
    /// hands, has no line of it.
    pub(crate) fn of_session(id: &str, bytes: &[u8]) -> Self {
        let scan = Self::whole(bytes);
        match &scan.header {
            Some(header) if header.id != id => Self { tail: Tail::Torn, ..Self::empty(0) },
            _ => scan,
        }
    }

    /// Reads the lines from an offset on.
    pub(crate) fn suffix(bytes: &[u8], offset: u64) -> Self {
        let mut scan = Self::empty(offset);
        scan.lines(bytes, offset);
        scan
    }

    fn empty(end: u64) -> Self {
        Self {
            header: None,
            entries: Vec::new(),
            bad: Vec::new(),
            end,
            tail: Tail::Clean,
            unknown: None,
        }
    }

    /// Whether not one line of it is whole.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.header.is_none() && self.entries.is_empty() && self.unknown.is_none()
    }

    /// The revision its first record follows.
    pub(crate) fn base(&self) -> Option<u64> {
        match &self.header {
            Some(header) => Some(header.base),
            None => self.entries.first().map(|entry| entry.rev.saturating_sub(1)),
        }
    }

    /// The revision of its last record, or the one its first would follow.
    pub(crate) fn last_revision(&self) -> Option<u64> {
        self.entries.iter().map(|entry| entry.rev).max().or(self.base())
    }

    fn lines(&mut self, bytes: &[u8], mut offset: u64) {
        let mut suspect: Vec<BadRange> = Vec::new();
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            let len = piece.len() as u64;
            let (line, ended) = match piece.strip_suffix(b"\n") {
                Some(line) => (line, true),
                None => (piece, false),
            };
            let decoded =
                if line.len() > MAX_JOURNAL_LINE { Line::Invalid } else { decode_record(line) };
            match decoded {
                Line::Entry(entry) => self.entries.push(entry),
                Line::Unknown { rev, op } => {
                    self.unknown.get_or_insert((rev, op));
                }
                Line::Invalid => {
                    suspect.push(BadRange { offset, len });
                    offset += len;
                    continue;
                }
            }
            self.bad.append(&mut suspect);
            self.tail = if ended { Tail::Clean } else { Tail::NoLineFeed };
            offset += len;
            self.end = offset;
        }
        if !suspect.is_empty() {
            self.tail = Tail::Torn;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(rev: u64, title: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let change = Change::TitleSet { title: title.into() };
        encode_record(&mut out, rev, &Record::now(change)).expect("fits");
        out
    }

    fn journal(lines: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = Header::new("a", 1, 7).encode();
        lines.iter().for_each(|l| bytes.extend_from_slice(l));
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = journal(&[line(2, "one"), line(3, "zwei \u{2028} \"q\"")]);
        let scan = Scan::whole(&bytes);
        assert_eq!(scan.base(), Some(1));
        assert_eq!(scan.entries.iter().map(|e| e.rev).collect::<Vec<_>>(), [2, 3]);
        assert_eq!((scan.end, scan.tail), (bytes.len() as u64, Tail::Clean));
    }

    #[test]
    fn a_cut_at_any_byte_loses_only_the_last_line() {
        let bytes = journal(&[line(2, "one"), line(3, "two")]);
        let first = bytes.len() - line(3, "two").len();
        for cut in first..bytes.len() - 1 {
            let scan = Scan::whole(&bytes[..cut]);
            assert_eq!(scan.entries.len(), 1, "cut at {cut}");
            assert_eq!(scan.end, first as u64);
            assert_eq!(scan.tail == Tail::Clean, cut == first);
        }
        assert_eq!(Scan::whole(&bytes[..bytes.len() - 1]).tail, Tail::NoLineFeed);
    }

    #[test]
    fn a_bad_line_in_the_middle_is_named_and_the_rest_is_read() {
        let mut broken = line(3, "two");
        broken[20] ^= 1;
        let bytes = journal(&[line(2, "one"), broken.clone(), line(4, "three")]);
        let scan = Scan::whole(&bytes);
        assert_eq!(scan.entries.iter().map(|e| e.rev).collect::<Vec<_>>(), [2, 4]);
        let offset = (journal(&[line(2, "one")])).len() as u64;
        assert_eq!(scan.bad, [BadRange { offset, len: broken.len() as u64 }]);
        assert_eq!(scan.tail, Tail::Clean);
    }

    #[test]
    fn a_newer_change_is_recognised_not_taken_for_damage() {
        let mut newer =
            br#"{"rev":2,"at":"2024-01-01T00:00:00+00:00","op":"teleported","data":{}"#.to_vec();
        let crc = crc32c::crc32c(&newer);
        newer.extend_from_slice(format!(",\"c\":\"{crc:08x}\"}}\n").as_bytes());
        let scan = Scan::whole(&journal(&[newer]));
        assert_eq!(scan.unknown, Some((2, "teleported".into())));
        assert!(scan.bad.is_empty());
    }

    #[test]
    fn zeros_and_noise_are_a_torn_tail() {
        for noise in [vec![0; 4096], vec![0xff; 100], b"{\"rev\":9".to_vec()] {
            let mut bytes = journal(&[line(2, "one")]);
            let end = bytes.len() as u64;
            bytes.extend_from_slice(&noise);
            let scan = Scan::whole(&bytes);
            assert_eq!((scan.end, scan.tail), (end, Tail::Torn));
        }
        assert!(Scan::whole(&[0; 64]).is_hopeless());
    }
}

//! What arbitrary bytes must not do to the readers: each function reads them as one form of file,
//! and panics when a rule of that form is broken. For fuzzing and for the tests of its corpus.

use crate::model::{RecoveryReport, Session, validate_session_id};
use crate::store::files::journal::{Entry, Header, Scan, encode_record};
use crate::store::files::layout::Layout;
use crate::store::files::{reader, snapshot};
use crate::transfer::{self, Format};

const ID: &str = "s";

/// Reads bytes as one form of file.
pub type Target = fn(&[u8]);

/// As a journal: what is read lies within it, can be applied, and is read the same when written.
pub fn journal(bytes: &[u8]) {
    let size = bytes.len() as u64;
    let scan = Scan::of_session(ID, bytes);
    assert!(scan.end <= size, "the end lies within the file");
    for bad in &scan.bad {
        assert!(bad.offset + bad.len <= scan.end, "damage lies before the end");
    }
    let from = size / 3;
    assert!(Scan::suffix(&bytes[from as usize..], from).end <= size);

    let mut written = Header::new(ID, scan.base().unwrap_or(0), 0).encode();
    for Entry { rev, record } in &scan.entries {
        assert!(encode_record(&mut written, *rev, record).is_ok(), "what was read can be written");
    }
    assert_eq!(Scan::whole(&written).entries, scan.entries, "and is read the same");

    let Ok(mut session) = snapshot::decode(ID, b"{}") else { panic!("an empty session is one") };
    let entries: Vec<&Entry> = scan.entries.iter().collect();
    reader::apply(&mut session, 0, &entries, &mut RecoveryReport::default());
    written_and_read(&session);
}

/// As a snapshot: what is read is read the same when written.
pub fn snapshot(bytes: &[u8]) {
    if let Ok(session) = snapshot::decode(ID, bytes) {
        written_and_read(&session);
    }
}

fn written_and_read(session: &Session) {
    let Ok(bytes) = snapshot::encode(session) else { panic!("what was read can be written") };
    match snapshot::decode(&session.id, &bytes) {
        Ok(again) => assert!(again == *session, "what was written is read the same"),
        Err(why) => panic!("what was written cannot be read: {why}"),
    }
}

/// As an id: one that is accepted names a file of the store, and nothing else.
pub fn id(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if validate_session_id(text).is_ok() {
        let root = std::path::Path::new("/store");
        let path = Layout::new(root.to_owned()).snapshot(text);
        assert_eq!(path.parent(), Some(root), "{text:?} stays in the store");
        assert_ne!(path.file_name(), Some("index.json".as_ref()));
        assert!(path.as_os_str().len() < 255);
    }
}

/// As an import: what is taken can be stored, and exported in every form.
pub fn importer(bytes: &[u8]) {
    let Ok(value) = serde_json::from_slice(bytes) else { return };
    if let Ok(session) = transfer::read(&value) {
        assert!(validate_session_id(&session.id).is_ok());
        written_and_read(&session);
        for format in Format::ALL {
            drop(transfer::write(&session, *format));
        }
    }
}

/// Every target by its name, which is also the name of its corpus.
pub const TARGETS: &[(&str, Target)] =
    &[("journal", journal), ("snapshot", snapshot), ("id", id), ("importer", importer)];

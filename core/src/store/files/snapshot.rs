//! The snapshot: the whole session as one pretty-printed JSON file.

use std::fs::File;
use std::path::Path;

use crate::error::{OpencodeError, Result};
use crate::model::{MAX_SNAPSHOT_BYTES, Session};
use crate::store::files::disk::{self, Identity};
use crate::store::files::journal::MAX_REVISION;

/// A snapshot's bytes, and which file they were in.
#[derive(Debug)]
pub(crate) struct Raw {
    pub bytes: Vec<u8>,
    pub identity: Identity,
}

impl Raw {
    pub(crate) fn crc(&self) -> u32 {
        crc32c::crc32c(&self.bytes)
    }
}

/// Reads the file, seeing to it that it stays the same meanwhile. `None` when there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Raw>> {
    loop {
        let Some(file) = disk::open_read(path)? else { return Ok(None) };
        let before = identity(&file, path)?;
        let bytes = disk::read_to_end(&file, path, MAX_SNAPSHOT_BYTES)?;
        let after = Identity::at(path)?;
        // A link made to it meanwhile changes only its ctime.
        if after.is_none_or(|after| Identity { ctime: before.ctime, ..after } == before) {
            return Ok(Some(Raw { bytes, identity: after.unwrap_or(before) }));
        }
    }
}

fn identity(file: &File, path: &Path) -> Result<Identity> {
    let meta = file.metadata().map_err(|e| OpencodeError::storage("looking at", path, e))?;
    Ok(Identity::of(&meta))
}

/// The session in a snapshot's bytes; the reason when they are not the session `id`.
pub(crate) fn decode(id: &str, bytes: &[u8]) -> Result<Session, String> {
    if bytes.is_empty() {
        return Err("the file is empty".into());
    }
    if bytes.iter().all(|byte| *byte == 0) {
        return Err("the file is filled with zeros".into());
    }
    let mut session: Session = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    if session.id.is_empty() {
        id.clone_into(&mut session.id);
    }
    if session.id != id {
        return Err(format!("it holds the session {:?}", session.id));
    }
    if session.revision() > MAX_REVISION {
        return Err(format!("its revision {} is out of range", session.revision()));
    }
    Ok(session)
}

/// A snapshot's bytes for a session.
pub(crate) fn encode(session: &Session) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    serde_json::to_writer_pretty(&mut bytes, session)
        .map_err(|e| OpencodeError::invalid(format!("the session cannot be written: {e}")))?;
    bytes.push(b'\n');
    if bytes.len() as u64 > MAX_SNAPSHOT_BYTES {
        return Err(OpencodeError::invalid_with_hint(
            format!("the session is {} bytes long, {MAX_SNAPSHOT_BYTES} are allowed", bytes.len()),
            "fork it and go on in the fork, or clear its history",
        )
        .of_session(&session.id));
    }
    Ok(bytes)
}

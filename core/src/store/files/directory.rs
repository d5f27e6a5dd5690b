//! Sessions in the form of three files, `<id>/{metadata,messages,state}.json`, read as they are.

use std::path::Path;

use serde_json::Value;

use crate::error::{OpencodeError, Result};
use crate::model::RecoveryReport;
use crate::model::{MAX_SNAPSHOT_BYTES, Session};
use crate::store::files::disk::{self, Identity};
use crate::store::files::layout::Layout;
use crate::store::files::reader::{Reading, SnapshotSeen};
use crate::transfer;

/// Reads a session of this form; `None` when there is none.
pub(crate) fn read(layout: &Layout, id: &str) -> Result<Option<Reading>> {
    let dir = layout.directory_form(id);
    let Some(identity) = identity(&dir)? else { return Ok(None) };
    let part = |name: &str| -> Result<Option<Value>> {
        let path = dir.join(name);
        let Some(bytes) = disk::read_from(&path, 0, MAX_SNAPSHOT_BYTES)? else { return Ok(None) };
        let value = serde_json::from_slice(&bytes);
        value.map(Some).map_err(|e| OpencodeError::corrupted(id, format!("{name}: {e}")))
    };
    let (Some(mut metadata), Some(messages)) = (part("metadata.json")?, part("messages.json")?)
    else {
        return Err(OpencodeError::corrupted(id, "metadata.json or messages.json is missing"));
    };
    if let Value::Object(fields) = &mut metadata {
        fields.entry("id").or_insert_with(|| id.into());
    }
    let state = part("state.json")?;
    let mut session: Session = transfer::from_directory(metadata, messages, state)
        .map_err(|e| OpencodeError::corrupted(id, e.to_string()))?;
    if session.id != id {
        return Err(OpencodeError::corrupted(id, format!("it holds the session {:?}", session.id)));
    }
    // What it will have when it is converted, so that a copy read before can be saved after.
    session.revision = Some(1);
    Ok(Some(Reading {
        session,
        snapshot: SnapshotSeen { revision: 1, identity, crc: 0 },
        journal: None,
        journal_size: 0,
        report: RecoveryReport::default(),
        directory_form: true,
    }))
}

/// Of the three files together; `None` when the directory is no session of this form.
pub(crate) fn identity(dir: &Path) -> Result<Option<Identity>> {
    let directory = std::fs::symlink_metadata(dir).is_ok_and(|meta| meta.is_dir());
    if !directory {
        return Ok(None);
    }
    let Some(mut identity) = Identity::at(&dir.join("metadata.json"))? else { return Ok(None) };
    for name in ["messages.json", "state.json"] {
        if let Some(other) = Identity::at(&dir.join(name))? {
            identity.size += other.size;
            identity.mtime = identity.mtime.max(other.mtime);
            identity.ctime = identity.ctime.max(other.ctime);
        }
    }
    Ok(Some(identity))
}

//! What the index takes from a session's files.

use crate::error::{OpencodeError, Result};
use crate::model::{Change, NewSession, Session, SessionMessage, SessionSummary, Time};
use crate::store::files::disk::{self, Identity};
use crate::store::files::journal::{Header, Scan};
use crate::store::files::layout::Layout;
use crate::store::files::{directory, reader, snapshot};

/// Longest first line of a journal.
const HEADER: u64 = 4096;

/// Tells two states of a session's files apart without reading them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Trace {
    pub snapshot: Identity,
    /// Zero when there is no journal.
    pub journal_size: u64,
    pub journal_mtime: i64,
}

impl Trace {
    /// Of the session's files as they are now; `None` when there is no such session.
    pub(super) fn now(layout: &Layout, id: &str) -> Result<Option<Self>> {
        // As in reading: what is written after this look is not taken for seen.
        let journal = Identity::at(&layout.journal(id))?;
        Self::with_journal(layout, id, journal)
    }

    /// The same when the journal is known to be there or not.
    pub(super) fn with_journal(
        layout: &Layout,
        id: &str,
        journal: Option<Identity>,
    ) -> Result<Option<Self>> {
        if let Some(snapshot) = Identity::at(&layout.snapshot(id))? {
            let journal = journal.unwrap_or_default();
            let (journal_size, journal_mtime) = (journal.size, journal.mtime);
            return Ok(Some(Self { snapshot, journal_size, journal_mtime }));
        }
        let form = directory::identity(&layout.directory_form(id))?;
        Ok(form.map(|snapshot| Self { snapshot, ..Self::default() }))
    }
}

/// How far a session's files have been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Seen {
    pub trace: Trace,
    pub rev: u64,
    pub journal_base: Option<u64>,
    /// Behind the last whole line.
    pub journal_offset: u64,
}

/// What one message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub message_id: String,
    pub role: String,
    pub text: String,
    /// Of role and text.
    pub crc: u32,
}

impl From<&SessionMessage> for Text {
    fn from(message: &SessionMessage) -> Self {
        let role = message.role.as_str();
        let crc = crc32c::crc32c_append(crc32c::crc32c(role.as_bytes()), b"\0");
        Self {
            message_id: message.id.clone(),
            role: role.to_owned(),
            text: message.content.clone(),
            crc: crc32c::crc32c_append(crc, message.content.as_bytes()),
        }
    }
}

/// A session as the index holds it.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub summary: SessionSummary,
    pub seen: Seen,
    /// Empty when it was not asked for.
    pub texts: Vec<Text>,
}

/// Reads a whole session; `None` when there is none.
pub(super) fn read(layout: &Layout, id: &str, with_text: bool) -> Result<Option<Content>> {
    let Some(trace) = Trace::now(layout, id)? else { return Ok(None) };
    let started = Time::now();
    let mut reading = match reader::read(layout, id) {
        Ok(reading) => reading,
        Err(OpencodeError::SessionNotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    if reading.session.created_at >= started || reading.session.updated_at >= started {
        let from = reading.snapshot.revision;
        let journalled =
            reading.journal.iter().flat_map(|scan| &scan.entries).any(|entry| entry.rev > from);
        date_undated(layout, &mut reading.session, trace.snapshot, journalled)?;
    }
    let scan = reading.journal.as_ref();
    let seen = Seen {
        trace: Trace { snapshot: reading.snapshot.identity, ..trace },
        rev: reading.session.revision(),
        journal_base: scan.and_then(Scan::base),
        journal_offset: scan.map_or(0, |scan| scan.end),
    };
    let texts = if with_text {
        reading.session.messages.iter().map(|message| Text::from(&**message)).collect()
    } else {
        Vec::new()
    };
    Ok(Some(Content { summary: summary_of(&reading.session), seen, texts }))
}

/// The summary, with counts as the database can hold them.
fn summary_of(session: &Session) -> SessionSummary {
    let mut summary = SessionSummary::from(session);
    summary.total_tokens = summary.total_tokens.min(i64::MAX as u64);
    summary
}

/// A file that does not say when the session was made or changed reads as now, another time at
/// each reading. The file's own time stays the same.
fn date_undated(
    layout: &Layout,
    session: &mut Session,
    file: Identity,
    journalled: bool,
) -> Result<()> {
    #[derive(serde::Deserialize)]
    struct Dates {
        created_at: Option<serde::de::IgnoredAny>,
        updated_at: Option<serde::de::IgnoredAny>,
    }
    let Some(raw) = snapshot::read(&layout.snapshot(&session.id))? else { return Ok(()) };
    let Ok(dates) = serde_json::from_slice::<Dates>(&raw.bytes) else { return Ok(()) };
    let modified = Time::from_micros(file.mtime / 1000).unwrap_or(Time::EPOCH);
    if dates.created_at.is_none() {
        session.created_at = modified;
    }
    if dates.updated_at.is_none() && !journalled {
        session.updated_at = modified;
    }
    Ok(())
}

/// What was appended since a session was last looked at.
#[derive(Debug)]
pub(super) struct Appended {
    pub summary: SessionSummary,
    pub seen: Seen,
    /// Messages that were added.
    pub texts: Vec<Text>,
}

/// Reads only what the journal holds beyond `seen`; `None` when that does not tell everything and
/// the session must be read whole.
pub(super) fn read_appended(
    layout: &Layout,
    summary: &SessionSummary,
    seen: &Seen,
    now: &Trace,
) -> Result<Option<Appended>> {
    if now.snapshot != seen.trace.snapshot || now.journal_size <= seen.journal_offset {
        return Ok(None);
    }
    let path = layout.journal(&summary.id);
    let Some(file) = disk::open_read(&path)? else { return Ok(None) };
    let whole = seen.journal_base.is_none();
    let bytes = if whole {
        disk::read_to_end(&file, &path, crate::model::MAX_SNAPSHOT_BYTES)?
    } else {
        let mut head = disk::read_open_from(&file, &path, 0, HEADER)?;
        head.truncate(head.iter().position(|byte| *byte == b'\n').unwrap_or(0));
        let base = serde_json::from_slice::<Header>(&head).ok().map(|header| header.base);
        if base != seen.journal_base {
            return Ok(None);
        }
        let limit = crate::model::MAX_SNAPSHOT_BYTES;
        disk::read_open_from(&file, &path, seen.journal_offset, limit)?
    };
    let scan = if whole { Scan::whole(&bytes) } else { Scan::suffix(&bytes, seen.journal_offset) };
    if whole && scan.header.as_ref().is_none_or(|header| header.base != seen.rev) {
        return Ok(None);
    }
    if scan.unknown.is_some() || !scan.bad.is_empty() {
        return Ok(None);
    }
    Ok(apply(summary, seen, now, &scan))
}

/// Applies the changes to a session of which only the summary is known.
fn apply(summary: &SessionSummary, seen: &Seen, now: &Trace, scan: &Scan) -> Option<Appended> {
    let mut known = session_of(summary)?;
    let mut rev = seen.rev;
    for entry in &scan.entries {
        let clears = matches!(entry.record.change, Change::HistoryCleared { .. });
        if clears || entry.rev != rev + 1 || known.apply(&entry.record).is_err() {
            return None;
        }
        rev = entry.rev;
    }
    let mut after = summary_of(&known);
    after.message_count += summary.message_count;
    // Sums as large as this were cut when they were stored.
    if after.total_tokens == i64::MAX as u64 {
        return None;
    }
    Some(Appended {
        summary: after,
        seen: Seen {
            trace: *now,
            rev,
            journal_base: seen.journal_base.or_else(|| scan.base()),
            journal_offset: scan.end,
        },
        texts: known.messages.iter().map(|message| Text::from(&**message)).collect(),
    })
}

/// The session without its messages. A change to one of those cannot be applied to it.
fn session_of(summary: &SessionSummary) -> Option<Session> {
    let mut session = Session::new(NewSession {
        id: Some(summary.id.clone()),
        title: Some(summary.title.clone()),
        working_dir: Some(summary.working_dir.clone()),
        model: Some(summary.model.clone()),
        status: summary.status.clone(),
        parent_id: summary.parent_id.clone(),
        ..NewSession::default()
    })
    .ok()?;
    session.created_at = summary.created_at;
    session.updated_at = summary.updated_at;
    session.tags.clone_from(&summary.tags);
    session.total_prompt_tokens = summary.total_tokens;
    Some(session)
}

/// Whether reading again without any change to the files can end otherwise.
pub(super) fn is_passing(error: &OpencodeError) -> bool {
    use rustix::io::Errno;
    let OpencodeError::Storage { source, .. } = error else { return false };
    source.raw_os_error().is_some_and(|code| {
        [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::IO, Errno::INTR, Errno::STALE]
            .iter()
            .any(|errno| errno.raw_os_error() == code)
    })
}

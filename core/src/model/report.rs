//! What was found wrong with a session's files, and what was done about it.

use std::fmt;

use serde::Serialize;

/// One finding. Nothing is repaired, skipped or set aside without one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Finding {
    /// The journal ended in a line that was never completed, hence never acknowledged. Its bytes
    /// are kept in `.store/damaged/` once the session is opened to write.
    TornTail { offset: u64, len: u64 },
    /// The journal's last line lacked only its line feed; it was added.
    LineFeedAdded { offset: u64 },
    /// Bytes in the midst of the journal are not a line; what follows was applied.
    Damaged { offset: u64, len: u64 },
    /// These revisions are missing.
    Missing { from: u64, to: u64 },
    /// Two writers wrote the same revision; both changes were applied.
    SecondWriter { revision: u64 },
    /// A change could not be applied, because what it changes is missing.
    NotApplied { revision: u64, reason: String },
    /// The snapshot was changed by other hands while a journal belonged to it.
    ChangedOutside { kept_as: Option<String> },
    /// Files that belonged to no session were moved out of the way.
    SetAside { kept_as: String },
    /// A journal without a single readable line was moved out of the way.
    JournalUnreadable { kept_as: Option<String> },
    /// The snapshot could not be read and was rebuilt from the backup.
    RebuiltFromBackup { kept_as: Option<String>, reason: String },
    /// A newer version wrote changes that this one does not know; they are not in what is shown,
    /// and the session cannot be written.
    NewerVersion { what: String },
    /// The session was in the form of three files and was converted.
    Converted { kept_as: String },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = |kept_as: &Option<String>| {
            kept_as.as_ref().map(|name| format!("; kept as {name}")).unwrap_or_default()
        };
        match self {
            Self::TornTail { offset, len } => {
                write!(f, "{len} bytes of an unfinished line at {offset} were left out")
            }
            Self::LineFeedAdded { offset } => write!(f, "a line feed was added at {offset}"),
            Self::Damaged { offset, len } => {
                write!(f, "{len} damaged bytes at {offset} were skipped")
            }
            Self::Missing { from, to } => write!(f, "revisions {from} to {to} are missing"),
            Self::SecondWriter { revision } => {
                write!(f, "revision {revision} was written twice; both were applied")
            }
            Self::NotApplied { revision, reason } => {
                write!(f, "revision {revision} was not applied: {reason}")
            }
            Self::ChangedOutside { kept_as } => {
                write!(f, "the file was changed by other hands{}", kept(kept_as))
            }
            Self::SetAside { kept_as } => write!(f, "leftovers were set aside as {kept_as}"),
            Self::JournalUnreadable { kept_as } => {
                write!(f, "the journal had no readable line{}", kept(kept_as))
            }
            Self::RebuiltFromBackup { kept_as, reason } => {
                write!(f, "rebuilt from the backup ({reason}){}", kept(kept_as))
            }
            Self::NewerVersion { what } => {
                write!(f, "a newer version wrote {what}, which is not shown")
            }
            Self::Converted { kept_as } => {
                write!(f, "converted from three files, which are kept as {kept_as}")
            }
        }
    }
}

/// All findings about one session, in the order they were made. Empty when all was well.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct RecoveryReport {
    findings: Vec<Finding>,
}

impl RecoveryReport {
    /// Whether nothing was wrong.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// The findings.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    pub(crate) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    pub(crate) fn extend(&mut self, other: &Self) {
        self.findings.extend_from_slice(&other.findings);
    }

    /// Puts every finding into the log.
    pub(crate) fn log(&self, id: &str) {
        for finding in &self.findings {
            tracing::warn!(session = id, "{finding}");
        }
    }
}

impl fmt::Display for RecoveryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.findings.is_empty() {
            return f.write_str("nothing to report");
        }
        for (n, finding) in self.findings.iter().enumerate() {
            let separator = if n == 0 { "" } else { "; " };
            write!(f, "{separator}{finding}")?;
        }
        Ok(())
    }
}

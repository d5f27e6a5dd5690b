//! Sessions as the server describes them (`Session`, `GlobalSession` in the OpenAPI document of
//! 1.18.33).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::diff::FileDiff;
use super::number;
use super::permission::PermissionRule;
use crate::model::{Map, Time};

pub use super::request::{
    CreateSessionRequest, Provider, RevertRequest, SummarizeRequest, UpdateSessionRequest,
};
pub use crate::server::sessions::{Session, SessionDetails, SessionStatus};

/// A session to the letter of the wire. Every `Option` is absent from some server or session.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// `ses_…`
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    #[serde(rename = "projectID", default)]
    pub project_id: String,
    #[serde(rename = "workspaceID", default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    #[serde(default)]
    pub directory: String,
    /// The directory as seen from the project's root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The session this one is a child of. Forks are not children.
    #[serde(rename = "parentID", default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<ChangeSummary>,
    /// In US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "number::optional")]
    pub cost: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Share>,
    #[serde(default)]
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<SessionModel>,
    /// The server's version when the session was created.
    #[serde(default)]
    pub version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map>,
    #[serde(default)]
    pub time: SessionTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<Vec<PermissionRule>>,
    /// A revert that the next prompt will make permanent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revert: Option<RevertPoint>,
    #[serde(flatten)]
    pub extra: Map,
}

impl SessionInfo {
    pub fn created_at(&self) -> Option<Time> {
        Time::from_millis(self.time.created)
    }

    pub fn updated_at(&self) -> Option<Time> {
        Time::from_millis(self.time.updated)
    }

    /// When it was archived; `None` if it is not, or no longer.
    pub fn archived_at(&self) -> Option<Time> {
        let millis = self.time.archived.filter(|_| self.is_archived())?;
        Time::from_millis(millis as i64)
    }

    pub fn is_archived(&self) -> bool {
        is_archived(self.time.archived)
    }
}

/// Whether a session with this time of archiving is archived. It is taken out of the archive by
/// writing 0, because nothing can be cleared.
pub(in crate::server) fn is_archived(millis: Option<f64>) -> bool {
    millis.is_some_and(|millis| millis > 0.0)
}

/// A session of any project, as `GET /experimental/session` lists it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GlobalSession {
    /// `None` if the server no longer knows the project.
    #[serde(default)]
    pub project: Option<ProjectSummary>,
    #[serde(flatten)]
    pub session: SessionInfo,
}

/// The project of a [`GlobalSession`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProjectSummary {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default)]
    pub worktree: String,
    #[serde(flatten)]
    pub extra: Map,
}

/// A session's times, in milliseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionTime {
    #[serde(default)]
    pub created: i64,
    #[serde(default)]
    pub updated: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compacting: Option<i64>,
    /// Any number; 0 is a session that was taken out of the archive.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "number::optional")]
    pub archived: Option<f64>,
    #[serde(flatten)]
    pub extra: Map,
}

/// What a session changed in files.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChangeSummary {
    /// Lines added.
    #[serde(default, with = "number")]
    pub additions: f64,
    /// Lines removed.
    #[serde(default, with = "number")]
    pub deletions: f64,
    #[serde(default, with = "number")]
    pub files: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diffs: Option<Vec<FileDiff>>,
    #[serde(flatten)]
    pub extra: Map,
}

/// The tokens a session or an answer used.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tokens {
    #[serde(default, skip_serializing_if = "Option::is_none", with = "number::optional")]
    pub total: Option<f64>,
    #[serde(default, with = "number")]
    pub input: f64,
    #[serde(default, with = "number")]
    pub output: f64,
    #[serde(default, with = "number")]
    pub reasoning: f64,
    #[serde(default)]
    pub cache: CacheTokens,
    #[serde(flatten)]
    pub extra: Map,
}

/// The tokens read from and written to the provider's cache.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CacheTokens {
    #[serde(default, with = "number")]
    pub read: f64,
    #[serde(default, with = "number")]
    pub write: f64,
    #[serde(flatten)]
    pub extra: Map,
}

/// Where a shared session can be read. Whoever has the URL can read it, so `Debug` hides it.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Share {
    #[serde(default)]
    pub url: String,
    #[serde(flatten)]
    pub extra: Map,
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Share").field("url", &"[redacted]").finish_non_exhaustive()
    }
}

/// The model of a session.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionModel {
    pub id: String,
    #[serde(rename = "providerID", default)]
    pub provider_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    #[serde(flatten)]
    pub extra: Map,
}

/// From where on a session is reverted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RevertPoint {
    #[serde(rename = "messageID", default)]
    pub message_id: String,
    #[serde(rename = "partID", default, skip_serializing_if = "Option::is_none")]
    pub part_id: Option<String>,
    /// What to restore the files from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// What reverting changed in the files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    #[serde(flatten)]
    pub extra: Map,
}

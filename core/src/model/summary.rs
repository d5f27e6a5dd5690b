//! What a listing shows of a session.

use serde::{Deserialize, Serialize};

use super::{Session, Time};

/// What a listing shows of a session. Made from the index, without reading the session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionSummary {
    pub id: String,
    pub title: String,
    pub created_at: Time,
    pub updated_at: Time,
    pub message_count: u64,
    pub total_tokens: u64,
    pub tags: Vec<String>,
    pub working_dir: String,
    pub model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
}

impl From<&Session> for SessionSummary {
    fn from(session: &Session) -> Self {
        Self {
            id: session.id.clone(),
            title: session.title.clone(),
            created_at: session.created_at,
            updated_at: session.updated_at,
            message_count: session.message_count(),
            total_tokens: session.total_tokens(),
            tags: session.tags.clone(),
            working_dir: session.working_dir.clone(),
            model: session.model.clone(),
            status: session.status.clone(),
            parent_id: session.parent_id.clone(),
        }
    }
}

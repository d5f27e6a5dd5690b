//! What a session and its messages keep of the export they came from, in `metadata["opencode"]`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::KEPT;
use super::patch::Patch;
use crate::model::{Map, Session, SessionMessage};

/// Kept by a session: the id it came with, and all but its messages.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct KeptSession {
    /// A session of another id is a copy, and its ids are made anew.
    pub id: String,
    #[serde(default, skip_serializing_if = "Patch::is_empty")]
    pub rest: Patch,
}

/// Kept by a message: its parts in their order, and the rest.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct KeptMessage {
    pub parts: Vec<KeptPart>,
    /// What of the message no part stood for, and none is to be made for: it is told otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<Source>,
    #[serde(default, skip_serializing_if = "Patch::is_empty")]
    pub rest: Patch,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct KeptPart {
    pub from: Source,
    #[serde(default, skip_serializing_if = "Patch::is_empty")]
    pub rest: Patch,
}

/// What of a message a part is made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    /// So many bytes of the content.
    Text(usize),
    /// One of its reasonings.
    Reasoning(usize),
    /// One of its tool calls, the message with the result, and the invocation.
    Call {
        at: usize,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<String>,
    },
    /// One of its `parts`.
    File(usize),
    /// Nothing of it: all is kept.
    Nothing,
    /// Not even an object.
    Raw(Value),
}

impl Source {
    /// Whether it is this tool call.
    pub(super) fn is_call(&self, call: usize) -> bool {
        matches!(self, Self::Call { at, .. } if *at == call)
    }
}

impl KeptSession {
    pub(super) fn of(session: &Session) -> Option<Self> {
        Self::deserialize(session.metadata.get(KEPT)?).ok()
    }
}

impl KeptMessage {
    /// All that is not to be made a part of its own.
    pub(super) fn known(&self) -> Vec<&Source> {
        self.parts.iter().map(|part| &part.from).chain(&self.hidden).collect()
    }

    pub(super) fn of(message: &SessionMessage) -> Option<Self> {
        Self::deserialize(message.metadata.as_ref()?.get(KEPT)?).ok()
    }
}

/// Puts what is to be kept into `metadata`.
pub(super) fn keep(metadata: &mut Map, kept: &impl Serialize) {
    // None of the kept types can fail to become JSON: all keys are strings.
    if let Ok(kept) = serde_json::to_value(kept) {
        metadata.insert(KEPT.to_owned(), kept);
    }
}

//! One session, written through or kept until it is saved.

use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use opencode_sessions::model::{Change, MessageEdit, generate_title};
use opencode_sessions::{OpencodeError, Result, Session, SessionHandle};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::arguments::{Beginning, Running, Saying, Using};
use crate::calls::{apart, here, read};
use crate::text;

/// A session of the core. Every text is JSON.
#[napi]
pub struct NativeSession {
    pub(crate) handle: SessionHandle,
}

impl<T: Into<SessionHandle>> From<T> for NativeSession {
    fn from(session: T) -> Self {
        Self { handle: session.into() }
    }
}

/// What a session can be asked to do.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
enum Ask {
    Edit { change: Change },
    AddMessage { message: Saying },
    EditMessage { message_id: String, set: MessageEdit },
    DeleteMessage { message_id: String },
    RecordToolCall { invocation: Running },
    UpdateUsage { used: Using },
    RemoveTag { tag: String },
    GenerateTitle {},
    Messages { start: usize, end: usize },
    All {},
    Text { indent: Option<usize> },
}

fn run(handle: &SessionHandle, call: Ask) -> Result<String> {
    match call {
        Ask::Edit { change } => text::write(&handle.edit(change)?),
        Ask::AddMessage { message } => {
            let message = Arc::new(message.message()?);
            handle.edit(Change::MessageAdded(Arc::clone(&message)))?;
            text::write(&*message)
        }
        Ask::EditMessage { message_id: id, set } => {
            handle.edit(Change::MessageEdited { id: id.clone(), set })?;
            let edited = handle.read(|session| session.message(&id).cloned())?;
            let gone = || OpencodeError::invalid(format!("there is no message {id:?}"));
            text::write(&*edited.ok_or_else(gone)?)
        }
        Ask::DeleteMessage { message_id } => text::write(&handle.delete_message(&message_id)?),
        Ask::RecordToolCall { invocation } => {
            let invocation = Arc::new(invocation.into());
            handle.edit(Change::ToolRecorded(Arc::clone(&invocation)))?;
            text::write(&*invocation)
        }
        Ask::UpdateUsage { used } => text::write(&handle.edit(Change::UsageAdded(used.into()))?),
        Ask::RemoveTag { tag } => text::write(&handle.remove_tag(&tag)?),
        Ask::GenerateTitle {} => text::write(&handle.read(generate_title)?),
        Ask::Messages { start, end } => handle.read(|session| {
            let start = start.min(session.messages.len());
            let end = end.clamp(start, session.messages.len());
            text::write(&session.messages[start..end])
        })?,
        Ask::All {} => handle.read(text::write)?,
        Ask::Text { indent } => text::write(&handle.read(|s| s.to_json_indented(indent))?),
    }
}

/// The fields that can be looked at one by one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Look {
    Id,
    Title,
    CreatedAt,
    UpdatedAt,
    WorkingDir,
    Model,
    Messages,
    MessageCount,
    ToolHistory,
    TotalPromptTokens,
    TotalCompletionTokens,
    TotalTokens,
    Tags,
    Metadata,
    Status,
    Agent,
    Provider,
    ParentId,
    ForkedFrom,
    SystemPrompt,
    Tools,
    Options,
    TodoList,
    Usage,
    Compactions,
    Revision,
    HasUnsavedChanges,
    RecoveryReport,
}

fn look(session: &Session, field: &Look) -> Result<String> {
    match field {
        Look::Id => text::write(&session.id),
        Look::Title => text::write(&session.title),
        Look::CreatedAt => text::write(&session.created_at),
        Look::UpdatedAt => text::write(&session.updated_at),
        Look::WorkingDir => text::write(&session.working_dir),
        Look::Model => text::write(&session.model),
        Look::Messages => text::write(&session.messages),
        Look::MessageCount => text::write(&session.message_count()),
        Look::ToolHistory => text::write(&session.tool_history),
        Look::TotalPromptTokens => text::write(&session.total_prompt_tokens),
        Look::TotalCompletionTokens => text::write(&session.total_completion_tokens),
        Look::TotalTokens => text::write(&session.total_tokens()),
        Look::Tags => text::write(&session.tags),
        Look::Metadata => text::write(&session.metadata),
        Look::Status => text::write(&session.status),
        Look::Agent => text::write(&session.agent),
        Look::Provider => text::write(&session.provider),
        Look::ParentId => text::write(&session.parent_id),
        Look::ForkedFrom => text::write(&session.forked_from),
        Look::SystemPrompt => text::write(&session.system_prompt),
        Look::Tools => text::write(&session.tools),
        Look::Options => text::write(&session.options),
        Look::TodoList => text::write(&session.todo_list),
        Look::Usage => text::write(&session.usage.clone().unwrap_or_default()),
        Look::Compactions => text::write(&session.compactions),
        Look::Revision => text::write(&session.revision()),
        Look::HasUnsavedChanges => text::write(&session.has_unsaved_changes()),
        Look::RecoveryReport => {
            let findings = session.recovery_report().findings().iter();
            let told = findings.map(|found| json!({"message": found.to_string(), "data": found}));
            text::write(&told.collect::<Vec<Value>>())
        }
    }
}

#[napi]
impl NativeSession {
    /// A session that is in no store yet.
    #[napi(factory)]
    pub fn begin(arguments: String, created_at: Option<String>) -> napi::Result<Self> {
        here(|| {
            let mut session = Session::new(read::<Beginning>(&arguments)?.into())?;
            if let Some(time) = created_at {
                session.created_at = read(&time)?;
            }
            Ok(session.into())
        })
    }

    /// A session from text in the form of the files.
    #[napi(factory)]
    pub fn from_json(text: String) -> napi::Result<Self> {
        here(|| Ok(Session::from_json(&text)?.into()))
    }

    /// Whether changes are stored when they are made.
    #[napi(getter)]
    pub fn is_live(&self) -> bool {
        self.handle.is_live()
    }

    /// Whether the two are one session, not only alike.
    #[napi]
    pub fn is_same(&self, other: &NativeSession) -> bool {
        self.handle.is_same(&other.handle)
    }

    /// One field as it stands.
    #[napi]
    pub fn look(&self, field: String) -> napi::Result<String> {
        here(|| {
            let field = read(&field)?;
            self.handle.read(|session| look(session, &field))?
        })
    }

    /// Does one thing, on this thread.
    #[napi]
    pub fn call_sync(&self, arguments: String) -> napi::Result<String> {
        here(|| run(&self.handle, read(&arguments)?))
    }

    /// Does one thing, apart from this thread.
    #[napi]
    pub fn call<'env>(
        &self,
        env: &'env Env,
        arguments: String,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let handle = self.handle.clone();
        apart(env, move || run(&handle, read(&arguments)?))
    }

    /// The same session as it stands, in no store yet.
    #[napi]
    pub fn copy(&self) -> napi::Result<NativeSession> {
        here(|| Ok(self.handle.copy()?.into()))
    }

    /// A new session with the messages up to one, in no store yet.
    #[napi]
    pub fn fork(
        &self,
        at_message: Option<String>,
        inclusive: Option<bool>,
        new_id: Option<String>,
    ) -> napi::Result<NativeSession> {
        let inclusive = inclusive.unwrap_or(true);
        let fork = |session: &Session| session.fork(at_message.as_deref(), inclusive, new_id);
        here(|| Ok(self.handle.read(fork)??.into()))
    }
}

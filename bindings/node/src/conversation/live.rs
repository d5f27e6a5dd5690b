//! A conversation.

use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::{PromiseRaw, within_runtime_if_available};
use napi_derive::napi;
use opencode_sessions::conversation::window::Keep;
use opencode_sessions::conversation::{Conversation, ConversationEventKind, ListenerId};
use opencode_sessions::model::{Map, MessageEdit};
use opencode_sessions::{Format, Result, SessionMessage};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::oneshot;

use super::home::{Home, Speaking, speaker};
use super::options::OwnTool;
use super::response::NativeResponse;
use crate::arguments::Saying;
use crate::calls::{apart, blocking, here, promise, read};
use crate::errors::told;
use crate::session::NativeSession;
use crate::text;

/// A conversation of the core. Every text is JSON.
#[napi]
pub struct NativeConversation {
    conversation: Arc<Conversation>,
    home: Arc<Home>,
}

/// What a conversation can be asked to do.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
enum Call {
    Save {},
    Complete {},
    GetMessages { limit: Option<usize>, before: Option<String> },
    EditMessage { message_id: String, set: MessageEdit },
    DeleteMessage { message_id: String },
    MarkImportant { message_id: String, important: bool },
    ClearHistory { keep_last: usize },
    PruneContext { keep_last: usize, keep_system: bool, keep_important: bool, dry_run: bool },
    GetContextUsage {},
    RegisterTool { tool: OwnTool },
    Export { format: Option<String> },
    State {},
}

fn run(conversation: &Conversation, home: &Arc<Home>, call: Call) -> Result<String> {
    match call {
        Call::Save {} => text::write(&conversation.save()?),
        Call::Complete {} => text::write(&conversation.complete()?),
        Call::GetMessages { limit, before } => {
            text::write(&conversation.get_messages(limit, before.as_deref())?)
        }
        Call::EditMessage { message_id, set } => {
            text::write(&conversation.edit_message(&message_id, set)?)
        }
        Call::DeleteMessage { message_id } => {
            text::write(&conversation.delete_message(&message_id)?)
        }
        Call::MarkImportant { message_id, important } => {
            text::write(&conversation.mark_important(&message_id, important)?)
        }
        Call::ClearHistory { keep_last } => text::write(&conversation.clear_history(keep_last)?),
        Call::PruneContext { keep_last, keep_system, keep_important, dry_run } => {
            let keep = Keep { last: keep_last, system: keep_system, important: keep_important };
            let pruned = conversation.prune_context(keep, dry_run)?;
            text::write(&json!({
                "leftOut": pruned.left_out,
                "tokensBefore": pruned.tokens_before,
                "tokensAfter": pruned.tokens_after,
            }))
        }
        Call::GetContextUsage {} => {
            let usage = conversation.get_context_usage()?;
            let shown =
                json!({"current": usage.current, "max": usage.max, "percent": usage.percent});
            text::write(&shown)
        }
        Call::RegisterTool { tool } => text::write(&conversation.register_tool(tool.tool(home)?)?),
        Call::Export { format } => {
            let format = format.map(|name| Format::parse(&name)).transpose()?;
            text::write(&conversation.export(format.unwrap_or_default())?)
        }
        Call::State {} => text::write(&conversation.state()?),
    }
}

impl NativeConversation {
    pub(super) fn of(conversation: Conversation, home: &Arc<Home>) -> Self {
        let conversation = Arc::new(conversation);
        super::ending::remember(&conversation, home);
        Self { conversation, home: Arc::clone(home) }
    }
}

#[napi]
impl NativeConversation {
    #[napi(getter)]
    pub fn id(&self) -> String {
        self.conversation.id().to_owned()
    }

    /// Says a message in the form that models take. The turn begins at once, and gives `speaker`
    /// to what it asks.
    #[napi]
    pub fn message(
        &self,
        said: String,
        is_record: bool,
        speaker: u32,
    ) -> napi::Result<NativeResponse> {
        here(|| {
            let message = match is_record {
                true => read::<Saying>(&said)?.message()?,
                false => SessionMessage::from_llm(read::<Map>(&said)?)?,
            };
            let (sender, over) = oneshot::channel();
            let speaking = Arc::new(Speaking { id: speaker, _over: sender });
            let start = || self.conversation.send_from(message, speaking);
            let stream = within_runtime_if_available(start);
            Ok(NativeResponse::new(&stream, &self.home, over))
        })
    }

    /// Does one thing, on this thread.
    #[napi]
    pub fn call_sync(&self, call: String) -> napi::Result<String> {
        let _waiting = self.home.waiting();
        here(|| run(&self.conversation, &self.home, read(&call)?))
    }

    /// Does one thing, apart from this thread; who listens has heard of it.
    #[napi]
    pub fn call<'env>(
        &self,
        env: &'env Env,
        call: String,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let (conversation, home) = (Arc::clone(&self.conversation), Arc::clone(&self.home));
        promise(env, async move {
            let own = Arc::clone(&home);
            let done = blocking(move || run(&conversation, &own, read(&call)?)).await;
            home.flush().await;
            done
        })
    }

    /// A copy that goes on by itself.
    #[napi]
    pub fn fork<'env>(
        &self,
        env: &'env Env,
        from_message: Option<String>,
        new_session_id: Option<String>,
        inclusive: bool,
    ) -> napi::Result<PromiseRaw<'env, NativeConversation>> {
        let (conversation, home) = (Arc::clone(&self.conversation), Arc::clone(&self.home));
        apart(env, move || {
            let fork = conversation.fork(from_message.as_deref(), new_session_id, inclusive)?;
            Ok(Self::of(fork, &home))
        })
    }

    /// Tells the home of every later event of a kind, under this key. Gives the number to take it
    /// out with.
    #[napi]
    pub fn on(&self, kind: String, key: u32) -> napi::Result<f64> {
        here(|| {
            let (kind, home) = (ConversationEventKind::parse(&kind)?, Arc::downgrade(&self.home));
            let listener = self.conversation.on(kind, move |event| {
                use opencode_sessions::conversation::ConversationEvent::Error;
                let data = match event {
                    Error(error) => told(error),
                    event => event.to_plain(),
                };
                let event = json!({"key": key, "data": data, "speaker": speaker()});
                if let Some(home) = home.upgrade() {
                    home.tell(&json!({ "event": event }), None);
                }
            });
            Ok(listener.as_u64() as f64)
        })
    }

    #[napi]
    pub fn off(&self, number: f64) -> bool {
        self.conversation.off(ListenerId::from_u64(number as u64))
    }

    /// Closes it, and waits until a turn that ran has let go.
    #[napi]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let (conversation, home) = (Arc::clone(&self.conversation), Arc::clone(&self.home));
        promise(env, async move {
            let own = Arc::clone(&conversation);
            blocking(move || own.close()).await?;
            let closed = conversation.closed().await;
            home.flush().await;
            closed
        })
    }

    #[napi(getter)]
    pub fn is_closed(&self) -> bool {
        self.conversation.is_closed()
    }

    /// The session as it stands, a copy.
    #[napi]
    pub fn record(&self) -> napi::Result<NativeSession> {
        here(|| Ok(self.conversation.session()?.into()))
    }
}

//! Running the tools that a model called: checked, agreed to, bounded, and each result stored as
//! soon as it is there.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::{FutureExt, StreamExt, stream};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::answer::params;
use super::chunk::Chunk;
use super::events::ConversationEvent;
use super::options::ApprovalRequest;
use super::tools::{Tool, ToolContext, ToolOutcome, cap_output, cap_text};
use super::{Inner, Speaker};
use crate::error::Result;
use crate::model::{Change, NewTool, Role, SessionMessage};
use crate::provider::ToolCall;

/// What the model is told of a call that was not finished.
const NOT_FINISHED: &str = "the turn was ended before this call was finished";

/// A call and what became of it.
pub(super) struct Ran {
    pub(super) call: ToolCall,
    pub(super) outcome: ToolOutcome,
}

impl Inner {
    /// Runs all calls, several at once. When the turn is ended, what still runs is given up, and
    /// every call without a result gets one that says so.
    pub(super) async fn run_calls(
        self: &Arc<Self>,
        calls: &[ToolCall],
        speaker: &Speaker,
        cancelled: &CancellationToken,
    ) -> Result<Vec<Ran>> {
        let mut running = stream::iter(calls.iter().cloned())
            .map(|call| async move {
                let begun = Instant::now();
                let outcome = tokio::select! {
                    biased;
                    () = cancelled.cancelled() => Err(NOT_FINISHED.to_owned()),
                    outcome = self.run_call(&call, cancelled) => outcome,
                };
                (call, outcome, begun.elapsed())
            })
            .buffer_unordered(self.settings.parallel_tools);
        let mut ran = Vec::with_capacity(calls.len());
        while let Some((call, outcome, took)) = running.next().await {
            let message = self.record_result(&call, &outcome, took.as_secs_f64(), speaker).await?;
            self.listeners.tell(&ConversationEvent::Message(message));
            ran.push(Ran { call, outcome });
        }
        Ok(ran)
    }

    /// Stores what became of a call and says it; gives the message, for those who listen.
    pub(super) async fn record_result(
        self: &Arc<Self>,
        call: &ToolCall,
        outcome: &ToolOutcome,
        seconds: f64,
        speaker: &Speaker,
    ) -> Result<Arc<SessionMessage>> {
        let mut message = SessionMessage::new(Role::Tool, told(outcome));
        message.tool_call_id = Some(call.id.clone());
        message.name = Some(call.name.clone());
        if let Err(error) = outcome {
            message.error = Some(Value::String(error.clone()));
        }
        let invocation = NewTool {
            duration: seconds,
            success: outcome.is_ok(),
            error: outcome.as_ref().err().cloned(),
            ..NewTool::new(
                &call.name,
                params(&call.arguments),
                outcome.as_ref().cloned().unwrap_or_default(),
            )
        };
        let message = self.with_tokens(message).await?;
        let changes = vec![
            Change::MessageAdded(Arc::clone(&message)),
            Change::ToolRecorded(Arc::new(invocation.into())),
        ];
        self.record(changes).await?;
        speaker.say(Chunk::ToolResult {
            id: call.id.clone(),
            tool: call.name.clone(),
            result: outcome.as_ref().cloned().unwrap_or_default(),
            error: outcome.as_ref().err().cloned(),
        });
        Ok(message)
    }

    async fn run_call(&self, call: &ToolCall, cancelled: &CancellationToken) -> ToolOutcome {
        let Some(tool) = self.tool(&call.name) else {
            let known: Vec<String> = self.tools().iter().map(|t| t.name().to_owned()).collect();
            return Err(format!(
                "there is no tool {:?}; there are: {}",
                call.name,
                known.join(", ")
            ));
        };
        let params = params(&call.arguments);
        if let Value::String(text) = &params {
            return Err(format!(
                "the arguments are no JSON object, or nested too deep: {}",
                shortened(text)
            ));
        }
        tool.check(&params)?;
        let mut context = ToolContext::new(&self.id, &self.settings.working_dir);
        context.call_id.clone_from(&call.id);
        context.cancelled = cancelled.child_token();
        // Whatever becomes of this future, the tool hears that nobody waits any more.
        let _gone = context.cancelled.clone().drop_guard();
        context.approved = self.agreed(&tool, call, &params, &context).await?;
        self.finished(&tool, params, context).await
    }

    async fn agreed(
        &self,
        tool: &Tool,
        call: &ToolCall,
        params: &Value,
        context: &ToolContext,
    ) -> Result<Option<String>, String> {
        let Some(reason) = tool.needs_approval(params, context) else { return Ok(None) };
        let Some(approve) = &self.settings.approve else {
            return Err(format!("refused: {reason}, and there is nobody to ask"));
        };
        let request = ApprovalRequest {
            session_id: self.id.clone(),
            id: call.id.clone(),
            tool: call.name.clone(),
            params: params.clone(),
            reason: reason.clone(),
        };
        // Asking, too, may panic.
        let asked = AssertUnwindSafe(async { approve.ask(request).await });
        match asked.catch_unwind().await {
            Ok(true) => Ok(Some(reason)),
            Ok(false) => Err(format!("refused by the user: {reason}")),
            Err(_) => {
                tracing::error!(session = self.id, tool = call.name, "approve panicked: refused");
                Err(format!("refused: {reason}, and asking for it failed"))
            }
        }
    }

    async fn finished(&self, tool: &Tool, params: Value, context: ToolContext) -> ToolOutcome {
        let bound = tool.handler().own_timeout(&params).unwrap_or(self.settings.tool_timeout);
        let run = AssertUnwindSafe(async { tool.run(params, context).await }).catch_unwind();
        match tokio::time::timeout(bound, run).await {
            Ok(Ok(outcome)) => outcome.map(cap_output).map_err(cap_text),
            Ok(Err(_)) => {
                tracing::error!(session = self.id, tool = tool.name(), "a tool panicked");
                Err(format!("{} failed in itself", tool.name()))
            }
            Err(_) => Err(format!("{} took longer than {bound:?} and was ended", tool.name())),
        }
    }
}

/// What the model reads.
fn told(outcome: &ToolOutcome) -> String {
    match outcome {
        Ok(Value::String(text)) => text.clone(),
        Ok(value) => value.to_string(),
        Err(error) => format!("Error: {error}"),
    }
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(200).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

//! An OpenCode server as the other side: it keeps the history and runs the tools; what it does is
//! told as it comes. A prompt is sent once, whatever happens to it.

use std::collections::HashMap;

use futures_util::{StreamExt, stream};
use serde_json::Value;
use tokio::sync::mpsc;

use super::{
    Finish, ModelProvider, ProviderEvent, ProviderRequest, ProviderStream, Side, ToolCall,
};
use crate::error::Result;
use crate::model::TokenUse;
use crate::server::Client;
use crate::server::types::event::Event;
use crate::server::types::message::{Message, MessageInfo};
use crate::server::types::part::{Part, StepFinishPart};
use crate::server::types::request::{CreateSessionRequest, PromptPart, PromptRequest};
use crate::server::types::tool::{ToolPart, ToolState};

/// Where the session's id on the server is kept.
const SESSION: &str = "opencode_session_id";

/// So many pieces may wait for who reads.
const AHEAD: usize = 64;

/// Turns of a session on an OpenCode server, which is made for the first and kept. The model may
/// be `provider/model`, or `default` for the server's own choice. What a turn asks leave for is
/// decided by the client's `on_permission`.
#[derive(Debug, Clone)]
pub struct OpenCode {
    client: Client,
}

impl OpenCode {
    /// Turns on the server of this client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl ModelProvider for OpenCode {
    fn name(&self) -> &'static str {
        "opencode"
    }

    fn side(&self) -> Side {
        Side::Agent
    }

    fn stream(&self, request: ProviderRequest) -> ProviderStream {
        let client = self.client.clone();
        stream::once(async move {
            let (tell, told) = mpsc::channel(AHEAD);
            // By itself, so that a turn nobody listens to any more can still be aborted.
            tokio::spawn(async move {
                if let Err(error) = turn(&client, &request, &tell).await {
                    let _nobody = tell.send(Err(error)).await;
                }
            });
            stream::unfold(told, |mut told| async move { Some((told.recv().await?, told)) })
        })
        .flatten()
        .boxed()
    }
}

type Tell = mpsc::Sender<Result<ProviderEvent>>;

async fn turn(client: &Client, request: &ProviderRequest, tell: &Tell) -> Result<()> {
    let client = client.with_directory(&request.working_dir)?;
    let id = match request.remembered.get(SESSION).and_then(Value::as_str) {
        Some(id) => id.to_owned(),
        None => {
            let session = client.sessions().create(CreateSessionRequest::default()).await?;
            let value = Value::String(session.id.clone());
            let remember = ProviderEvent::Remember { key: SESSION.to_owned(), value };
            let _nobody = tell.send(Ok(remember)).await;
            session.id
        }
    };
    let said = request.messages.last().map(|message| message.content.clone()).unwrap_or_default();
    let events = client.subscribe_session(&id).await?;
    let prompt = client.messages().prompt(PromptRequest {
        session_id: id.clone(),
        content: vec![PromptPart::text(said)],
        model: Some(request.model.clone()).filter(|model| model != "default"),
        ..PromptRequest::default()
    });
    tokio::pin!(prompt);
    let mut heard = Heard::default();
    loop {
        tokio::select! {
            biased;
            () = tell.closed() => {
                client.sessions().abort(&id).await?;
                return Ok(());
            }
            Some(event) = events.recv() => {
                for piece in heard.event(&event?) {
                    let _nobody = tell.send(Ok(piece)).await;
                }
            }
            answer = &mut prompt => {
                let answer = answer?;
                // The answer may be faster than the events that told of it.
                let rest = heard.message(&answer);
                let finish = ProviderEvent::Finish(finish(&answer));
                for piece in rest.into_iter().chain([finish]) {
                    let _nobody = tell.send(Ok(piece)).await;
                }
                return Ok(());
            }
        }
    }
}

fn finish(answer: &Message) -> Finish {
    let MessageInfo::Assistant(info) = &answer.info else { return Finish::Stop };
    match info.finish.as_deref() {
        None | Some("stop") => Finish::Stop,
        Some("length") => Finish::Length,
        Some("content-filter") => Finish::ContentFilter,
        Some(other) => Finish::Other(other.to_owned()),
    }
}

/// What was told of a turn so far.
#[derive(Debug, Default)]
struct Heard {
    /// The message that is being written; whether another is the model's is known by these.
    message: Option<String>,
    answers: Vec<String>,
    /// How much of each part's text was told.
    texts: HashMap<String, (Kind, usize)>,
    /// How far each call was told.
    calls: HashMap<String, CallState>,
    counted: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Reasoning,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallState {
    Called,
    Answered,
}

impl Heard {
    fn event(&mut self, event: &Event) -> Vec<ProviderEvent> {
        match event {
            Event::MessageUpdated { props } => {
                if matches!(props.info, MessageInfo::Assistant(_))
                    && !self.answers.contains(&props.message_id)
                {
                    self.answers.push(props.message_id.clone());
                }
                Vec::new()
            }
            Event::MessagePartUpdated { props } if self.answers.contains(&props.message_id) => {
                self.part(&props.message_id, &props.part)
            }
            Event::MessagePartDelta { props } if props.field == "text" => {
                match self.texts.get_mut(&props.part_id) {
                    Some((kind, told)) => {
                        *told += props.delta.len();
                        vec![kind.piece(props.delta.clone())]
                    }
                    None => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    fn message(&mut self, message: &Message) -> Vec<ProviderEvent> {
        message.parts.iter().flat_map(|part| self.part(message.id(), part)).collect()
    }

    fn part(&mut self, message: &str, part: &Part) -> Vec<ProviderEvent> {
        let mut pieces = Vec::new();
        if self.message.as_deref() != Some(message)
            && self.message.replace(message.to_owned()).is_some()
        {
            pieces.push(ProviderEvent::MessageEnd);
        }
        match part {
            Part::Text { text } => pieces.extend(self.rest(Kind::Text, &text.id, &text.text)),
            Part::Reasoning { reasoning } => {
                pieces.extend(self.rest(Kind::Reasoning, &reasoning.id, &reasoning.text));
            }
            Part::Tool { tool } => self.tool(tool, &mut pieces),
            Part::StepFinish { step_finish } if !self.counted.contains(&step_finish.id) => {
                self.counted.push(step_finish.id.clone());
                pieces.push(ProviderEvent::Usage(used(step_finish)));
            }
            _ => {}
        }
        pieces
    }

    fn rest(&mut self, kind: Kind, id: &str, text: &str) -> Option<ProviderEvent> {
        let (_, told) = self.texts.entry(id.to_owned()).or_insert((kind, 0));
        let rest = text.get(*told..).filter(|rest| !rest.is_empty())?.to_owned();
        *told = text.len();
        Some(kind.piece(rest))
    }

    fn tool(&mut self, tool: &ToolPart, pieces: &mut Vec<ProviderEvent>) {
        let state = self.calls.get(&tool.call_id).copied();
        if matches!(tool.state, ToolState::Pending(_)) || state == Some(CallState::Answered) {
            return;
        }
        if state.is_none() {
            let arguments = tool.state.input().map(Value::to_string).unwrap_or_default();
            pieces.push(ProviderEvent::ToolCall(ToolCall {
                id: tool.call_id.clone(),
                name: tool.tool.clone(),
                arguments,
            }));
            self.calls.insert(tool.call_id.clone(), CallState::Called);
        }
        let result = match &tool.state {
            ToolState::Completed(state) => Ok(Value::String(state.output.clone())),
            ToolState::Error(state) => Err(state.error.clone()),
            _ => return,
        };
        self.calls.insert(tool.call_id.clone(), CallState::Answered);
        pieces.push(ProviderEvent::ToolResult { id: tool.call_id.clone(), result });
    }
}

impl Kind {
    fn piece(self, text: String) -> ProviderEvent {
        match self {
            Self::Text => ProviderEvent::Text(text),
            Self::Reasoning => ProviderEvent::Reasoning(text),
        }
    }
}

fn used(step: &StepFinishPart) -> TokenUse {
    let tokens = &step.tokens;
    let count = |n: f64| n.max(0.0) as u64;
    TokenUse {
        prompt_tokens: count(tokens.input + tokens.cache.read + tokens.cache.write),
        completion_tokens: count(tokens.output + tokens.reasoning),
        cache_read: count(tokens.cache.read),
        cache_write: count(tokens.cache.write),
        reasoning: count(tokens.reasoning),
        cost: step.cost,
    }
}

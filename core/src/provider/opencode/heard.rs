//! What a turn on the server says, piece by piece and nothing twice.

use std::collections::HashMap;

use serde_json::Value;

use crate::model::TokenUse;
use crate::provider::{Finish, ProviderEvent, ToolCall};
use crate::server::types::event::Event;
use crate::server::types::message::{Message, MessageInfo};
use crate::server::types::part::{Part, StepFinishPart};
use crate::server::types::tool::{ToolPart, ToolState};

/// Why the turn ended.
pub(super) fn finish(answer: &Message) -> Finish {
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
pub(super) struct Heard {
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
    pub(super) fn event(&mut self, event: &Event) -> Vec<ProviderEvent> {
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
                        let piece = kind.piece(props.delta.clone());
                        self.said_in(&props.message_id, vec![piece])
                    }
                    None => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn message(&mut self, message: &Message) -> Vec<ProviderEvent> {
        message.parts.iter().flat_map(|part| self.part(message.id(), part)).collect()
    }

    fn part(&mut self, message: &str, part: &Part) -> Vec<ProviderEvent> {
        let news = self.news(part);
        self.said_in(message, news)
    }

    /// These pieces, behind the end of the message before if there was another.
    fn said_in(&mut self, message: &str, mut pieces: Vec<ProviderEvent>) -> Vec<ProviderEvent> {
        if !pieces.is_empty()
            && self.message.as_deref() != Some(message)
            && self.message.replace(message.to_owned()).is_some()
        {
            pieces.insert(0, ProviderEvent::MessageEnd);
        }
        pieces
    }

    /// What of a part was not told before.
    fn news(&mut self, part: &Part) -> Vec<ProviderEvent> {
        let mut pieces = Vec::new();
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
                ..ToolCall::default()
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

//! How the tests here ask, and what they heard.

use std::sync::Arc;

use futures_util::StreamExt;
use opencode_sessions::provider::{
    Anthropic, Finish, ModelProvider, OpenAi, ProviderEvent, ProviderRequest, ToolCall,
};
use opencode_sessions::{OpencodeError, Role, SessionMessage};
use serde_json::Value;

use crate::support::scripted::{Reply, Scripted};

pub(crate) const KEY: &str = "sk-key-0f-the-test";

pub(crate) const SSE: &[(&str, &str)] = &[("content-type", "text/event-stream; charset=utf-8")];

pub(crate) fn openai(server: &Scripted) -> OpenAi {
    let base = format!("{}/v1", server.url());
    OpenAi::builder().base_url(base).api_key(KEY).build().unwrap()
}

pub(crate) fn anthropic(server: &Scripted) -> Anthropic {
    Anthropic::builder().base_url(server.url()).api_key(KEY).build().unwrap()
}

pub(crate) fn both(server: &Scripted) -> [Arc<dyn ModelProvider>; 2] {
    [Arc::new(openai(server)), Arc::new(anthropic(server))]
}

pub(crate) fn question(messages: impl IntoIterator<Item = SessionMessage>) -> ProviderRequest {
    ProviderRequest {
        model: "m1".to_owned(),
        messages: messages.into_iter().map(Arc::new).collect(),
        session_id: "s1".to_owned(),
        ..ProviderRequest::default()
    }
}

pub(crate) fn hello() -> ProviderRequest {
    question([SessionMessage::new(Role::User, "hello")])
}

/// All that was heard, and the error at the end if there was one.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) events: Vec<ProviderEvent>,
    pub(crate) error: Option<OpencodeError>,
}

pub(crate) async fn ask(provider: &dyn ModelProvider, request: ProviderRequest) -> Heard {
    let mut stream = provider.stream(request);
    let mut heard = Heard { events: Vec::new(), error: None };
    while let Some(event) = stream.next().await {
        assert!(heard.error.is_none(), "nothing follows an error");
        match event {
            Ok(event) => heard.events.push(event),
            Err(error) => heard.error = Some(error),
        }
    }
    heard
}

/// What OpenAI's form makes of this body.
pub(crate) async fn chat(body: &str) -> Heard {
    let server = Scripted::queue([Reply::with(200, SSE, body.to_owned())]).await;
    ask(&openai(&server), hello()).await
}

pub(crate) async fn message(body: &str) -> Heard {
    let server = Scripted::queue([Reply::with(200, SSE, body.to_owned())]).await;
    ask(&anthropic(&server), hello()).await
}

/// The frames of these values, without an end.
pub(crate) fn frames(pieces: &[Value]) -> String {
    pieces.iter().map(|piece| format!("data: {piece}\n\n")).collect()
}

impl Heard {
    /// The events of an answer without an error; pieces of a text that follow each other are one.
    pub(crate) fn whole(self) -> Vec<ProviderEvent> {
        assert!(self.error.is_none(), "{self:?}");
        self.joined()
    }

    pub(crate) fn joined(&self) -> Vec<ProviderEvent> {
        let mut joined: Vec<ProviderEvent> = Vec::new();
        for event in &self.events {
            match (joined.last_mut(), event) {
                (Some(ProviderEvent::Text(said)), ProviderEvent::Text(more))
                | (Some(ProviderEvent::Reasoning(said)), ProviderEvent::Reasoning(more)) => {
                    said.push_str(more);
                }
                (_, ProviderEvent::CallBegun) => {}
                (_, event) => joined.push(event.clone()),
            }
        }
        joined
    }

    pub(crate) fn text(&self) -> String {
        let text = |event: &ProviderEvent| match event {
            ProviderEvent::Text(text) => Some(text.clone()),
            _ => None,
        };
        self.events.iter().filter_map(text).collect()
    }

    pub(crate) fn calls(&self) -> Vec<ToolCall> {
        let call = |event: &ProviderEvent| match event {
            ProviderEvent::ToolCall(call) => Some(call.clone()),
            _ => None,
        };
        self.events.iter().filter_map(call).collect()
    }

    pub(crate) fn finish(&self) -> Option<Finish> {
        match self.events.last() {
            Some(ProviderEvent::Finish(finish)) => Some(finish.clone()),
            _ => None,
        }
    }

    pub(crate) fn code(&self) -> &'static str {
        self.error.as_ref().map_or("", |error| error.code().as_str())
    }
}

pub(crate) fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    let (id, name, arguments) = (id.to_owned(), name.to_owned(), arguments.to_owned());
    ToolCall { id, name, arguments, ..ToolCall::default() }
}

//! Answers in the form in which they were recorded, however the network splits them.

use opencode_sessions::TokenUse;
use opencode_sessions::provider::{Finish, ModelProvider, ProviderEvent};

use crate::asking::{SSE, anthropic, ask, call, hello, openai};
use crate::support::scripted::{Reply, Scripted};

const OPENAI: &str = include_str!("streams/openai.sse");
const ANTHROPIC: &str = include_str!("streams/anthropic.sse");

fn thought(text: &str) -> ProviderEvent {
    ProviderEvent::Reasoning(text.to_owned())
}

fn signed(signature: &str) -> ProviderEvent {
    ProviderEvent::ReasoningEnd { signature: Some(signature.to_owned()) }
}

fn said(text: &str) -> ProviderEvent {
    ProviderEvent::Text(text.to_owned())
}

/// Every split into two pieces, lines that end in CR LF, and every byte for itself.
async fn holds_however_split(
    recorded: &str,
    provider: impl Fn(&Scripted) -> Box<dyn ModelProvider>,
    expected: &[ProviderEvent],
) {
    let windows = recorded.replace('\n', "\r\n");
    let mut replies = vec![
        Reply::chunked(200, SSE, recorded.as_bytes().chunks(1)),
        Reply::chunked(200, SSE, windows.as_bytes().chunks(1)),
    ];
    for at in 0..=recorded.len() {
        let (first, second) = recorded.as_bytes().split_at(at);
        replies.push(Reply::chunked(200, SSE, [first, second]));
    }
    let count = replies.len();
    let server = Scripted::queue(replies).await;
    let provider = provider(&server);
    for at in 0..count {
        assert_eq!(ask(&*provider, hello()).await.whole(), expected, "split {at}");
    }
    assert_eq!(server.requests().len(), count, "each is asked once");
}

#[tokio::test]
async fn a_chat_completion_is_heard_the_same_however_it_is_split() {
    let mut used = TokenUse { prompt_tokens: 120, completion_tokens: 45, ..TokenUse::default() };
    (used.cache_read, used.reasoning) = (100, 30);
    let expected = [
        thought("Which city — two of them?"),
        ProviderEvent::ReasoningEnd { signature: None },
        said("Grüße, 日本 🐟"),
        ProviderEvent::Usage(used),
        ProviderEvent::ToolCall(call("call_a", "weather", r#"{"city":"Köln"}"#)),
        ProviderEvent::ToolCall(call("call_b", "weather", r#"{"city":"Rom"}"#)),
        ProviderEvent::Finish(Finish::ToolCalls),
    ];
    holds_however_split(OPENAI, |server| Box::new(openai(server)), &expected).await;
}

#[tokio::test]
async fn a_message_is_heard_the_same_however_it_is_split() {
    let mut used = TokenUse { prompt_tokens: 127, completion_tokens: 1, ..TokenUse::default() };
    (used.cache_read, used.cache_write) = (100, 7);
    let expected = [
        ProviderEvent::Usage(used),
        thought("Which city — two of them?"),
        signed("EqQBCgIYAhIM"),
        signed("redacted_thinking:EmwKAhgBEgy3"),
        said("Grüße, 日本 🐟"),
        ProviderEvent::Usage(TokenUse { completion_tokens: 89, ..used }),
        ProviderEvent::ToolCall(call("toolu_a", "weather", r#"{"city":"Köln"}"#)),
        ProviderEvent::ToolCall(call("toolu_b", "now", "{}")),
        ProviderEvent::Finish(Finish::ToolCalls),
    ];
    holds_however_split(ANTHROPIC, |server| Box::new(anthropic(server)), &expected).await;
}

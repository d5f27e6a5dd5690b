//! What servers want otherwise that speak the same in principle.

use std::sync::Arc;

use opencode_sessions::provider::{
    Anthropic, ModelProvider, ProviderEvent, ProviderOptions, ProviderRequest, named,
};
use opencode_sessions::{Role, SessionMessage};
use serde_json::{Value, json};

use crate::asking::{KEY, SSE, anthropic, ask, frames, hello, openai, question};
use crate::support::scripted::{Reply, Scripted};

fn as_named(name: &str, server: &Scripted) -> Arc<dyn ModelProvider> {
    let mut options = ProviderOptions::default();
    options.base_url = Some(format!("{}/v1", server.url()));
    options.api_key = Some(KEY.to_owned());
    named(name, options).unwrap()
}

async fn sent(
    provider: impl Fn(&Scripted) -> Arc<dyn ModelProvider>,
    request: ProviderRequest,
) -> Value {
    let server = Scripted::queue([Reply::empty(500)]).await;
    let _refused = ask(&*provider(&server), request).await;
    server.requests()[0].json()
}

/// A question, a call in somebody's words, and its result.
fn called(call: Value) -> ProviderRequest {
    let mut caller = SessionMessage::new(Role::Assistant, "");
    let mut result = SessionMessage::new(Role::Tool, "done");
    result.tool_call_id = call["id"].as_str().map(str::to_owned);
    caller.tool_calls = Some(vec![call]);
    question([SessionMessage::new(Role::User, "go"), caller, result])
}

fn call(id: &str, name: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": "{}"}})
}

#[tokio::test]
async fn a_name_that_a_model_made_up_is_sent_back_as_one_that_is_taken() {
    let long = "x".repeat(80);
    for (name, taken) in [
        ("multi_tool_use.parallel", "multi_tool_use_parallel"),
        ("", "unknown"),
        (&long, &long[..64]),
    ] {
        let body = sent(|server| Arc::new(openai(server)), called(call("c1", name))).await;
        assert_eq!(body["messages"][1]["tool_calls"][0]["function"]["name"], taken);
        let body = sent(|server| Arc::new(anthropic(server)), called(call("c1", name))).await;
        assert_eq!(body["messages"][1]["content"][0]["name"], taken);
    }
}

#[tokio::test]
async fn ids_of_calls_are_as_mistral_takes_them_in_call_and_result() {
    for (id, kept) in [("call_018f-0123", false), ("abcDEF123", true)] {
        let body = sent(|server| as_named("mistral", server), called(call(id, "read"))).await;
        let sent = body["messages"][1]["tool_calls"][0]["id"].as_str().unwrap();
        assert!(sent.len() == 9 && sent.bytes().all(|b| b.is_ascii_alphanumeric()), "{sent}");
        assert_eq!(body["messages"][2]["tool_call_id"], sent);
        assert_eq!(sent == id, kept);
    }
}

#[tokio::test]
async fn what_google_says_of_a_call_goes_back_to_it_and_to_nobody_else() {
    let more = json!({"google": {"thought_signature": "SIG"}});
    let mut first = call("c1", "read");
    first["index"] = 0.into();
    first["extra_content"] = more.clone();
    let body = frames(&[
        json!({"choices": [{"delta": {"tool_calls": [first]}}]}),
        json!({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]}),
    ]);
    let server = Scripted::queue([Reply::with(200, SSE, body)]).await;
    let heard = ask(&*as_named("google", &server), hello()).await;
    let [ProviderEvent::ToolCall(heard), ..] = &heard.whole()[..] else { panic!() };
    assert_eq!(heard.extra["extra_content"], more);

    let mut stored = call("c1", "read");
    stored["extra_content"] = more.clone();
    let body = sent(|server| as_named("google", server), called(stored.clone())).await;
    assert_eq!(body["messages"][1]["tool_calls"][0]["extra_content"], more);
    let body = sent(|server| Arc::new(openai(server)), called(stored)).await;
    assert_eq!(body["messages"][1]["tool_calls"][0].get("extra_content"), None);
}

#[tokio::test]
async fn deepseek_hears_again_what_it_thought_before_it_called() {
    let mut request = called(call("c1", "read"));
    let mut caller = (*request.messages[1]).clone();
    caller.reasoning = Some(vec![serde_json::from_value(json!({"text": "I look."})).unwrap()]);
    request.messages[1] = Arc::new(caller);
    let body = sent(|server| as_named("deepseek", server), request.clone()).await;
    assert_eq!(body["messages"][1]["reasoning_content"], "I look.");
    let body = sent(|server| Arc::new(openai(server)), request).await;
    assert_eq!(body["messages"][1].get("reasoning_content"), None);
}

#[tokio::test]
async fn a_model_of_anthropics_that_thinks_is_told_no_temperature() {
    let request = ProviderRequest { temperature: Some(0.7), ..hello() };
    let thinking = |server: &Scripted| -> Arc<dyn ModelProvider> {
        let thinking = json!({"type": "enabled", "budget_tokens": 2000});
        let body = [("thinking".to_owned(), thinking)].into_iter().collect();
        let builder = Anthropic::builder().base_url(server.url()).api_key(KEY);
        Arc::new(builder.body(body).build().unwrap())
    };
    assert_eq!(sent(thinking, request.clone()).await.get("temperature"), None);
    assert_eq!(sent(|server| Arc::new(anthropic(server)), request).await["temperature"], 0.7);
}

#[tokio::test]
async fn the_longest_answer_that_anthropic_is_asked_for_has_room_in_the_window() {
    let asked = |room, max_tokens| ProviderRequest { room, max_tokens, ..hello() };
    let to = |request| sent(|server| Arc::new(anthropic(server)), request);
    assert_eq!(to(asked(Some(9_000), None)).await["max_tokens"], 9_000);
    assert_eq!(to(asked(Some(150_000), None)).await["max_tokens"], 32_000);
    assert_eq!(to(asked(Some(9_000), Some(500))).await["max_tokens"], 500);
}

#[tokio::test]
async fn a_call_that_has_begun_is_told_before_it_is_whole() {
    let chat = frames(&[json!({"choices": [{"delta": {"tool_calls": [
        {"index": 0, "id": "c1", "function": {"name": "read", "arguments": "{\"p"}}]}}]})]);
    let block = json!({"type": "tool_use", "id": "c1", "name": "read", "input": {}});
    let messages = frames(&[
        json!({"type": "message_start", "message": {"id": "m", "content": []}}),
        json!({"type": "content_block_start", "index": 0, "content_block": block}),
    ]);
    for heard in [crate::asking::chat(&chat).await, crate::asking::message(&messages).await] {
        assert!(heard.error.is_some());
        assert!(heard.events.contains(&ProviderEvent::CallBegun), "{heard:?}");
        assert!(heard.calls().is_empty());
    }
}

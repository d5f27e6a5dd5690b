//! What is sent: the history in the form of each, valid whatever is in it, and nothing of ours.

use opencode_sessions::model::Reasoning;
use opencode_sessions::provider::{Anthropic, ModelProvider, OpenAi, ProviderRequest, ToolSpec};
use opencode_sessions::{Role, SessionMessage};
use serde_json::{Value, json};

use crate::asking::{anthropic, ask, hello, openai, question};
use crate::support::scripted::{Reply, Scripted};

async fn sent(
    provider: impl Fn(&Scripted) -> Box<dyn ModelProvider>,
    request: ProviderRequest,
) -> Value {
    let server = Scripted::queue([Reply::empty(500)]).await;
    let _refused = ask(&*provider(&server), request).await;
    server.requests()[0].json()
}

async fn to_openai(request: ProviderRequest) -> Value {
    sent(|server| Box::new(openai(server)), request).await
}

async fn to_anthropic(request: ProviderRequest) -> Value {
    let mut body = sent(|server| Box::new(anthropic(server)), request).await;
    // Marks for the cache, which have a test of their own.
    for message in body["messages"].as_array_mut().unwrap() {
        for block in message["content"].as_array_mut().unwrap() {
            block.as_object_mut().unwrap().remove("cache_control");
        }
    }
    body
}

fn user(text: &str) -> SessionMessage {
    SessionMessage::new(Role::User, text)
}

fn caller(text: &str, calls: &[(&str, Value)]) -> SessionMessage {
    let mut message = SessionMessage::new(Role::Assistant, text);
    let call = |(id, arguments): &(&str, Value)| json!({"id": id, "type": "function", "function": {"name": "read", "arguments": arguments}});
    message.tool_calls = Some(calls.iter().map(call).collect());
    message
}

fn result(id: &str, text: &str) -> SessionMessage {
    let mut message = SessionMessage::new(Role::Tool, text);
    (message.tool_call_id, message.name) = (Some(id.to_owned()), Some("read".to_owned()));
    message
}

/// A history with something of everything; our own fields are set, too.
fn history() -> ProviderRequest {
    let mut asked = user("what is this?");
    asked.parts = Some(vec![
        json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}, "id": "prt_1"}),
        json!({"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,BBBB"}}),
        json!({"type": "snapshot", "snapshot": "abc"}),
    ]);
    (asked.important, asked.tokens) = (Some(true), Some(5));
    let mut answer =
        caller("I look.", &[("call_1", json!("{\"p\": 1}")), ("call_2", json!("{p: oops"))]);
    let thought = |text: &str, signature: Option<&str>| Reasoning {
        text: text.to_owned(),
        signature: signature.map(str::to_owned),
        extra: Default::default(),
    };
    answer.reasoning = Some(vec![
        thought("Hm.\n", Some("SIG==")),
        thought("", Some("redacted_thinking:DATA")),
        thought("of another provider", None),
    ]);
    (answer.model, answer.finish) = (Some("x/y".to_owned()), Some("tool_calls".to_owned()));
    let mut failed = result("call_2", "no such file");
    failed.error = Some(json!("no such file"));
    let mut request = question([asked, answer, result("call_1", "one"), failed, user("go on")]);
    request.system = Some("Be brief.".to_owned());
    request.tools = vec![ToolSpec {
        name: "read".to_owned(),
        description: "Reads".to_owned(),
        parameters: json!({"type": "object"}),
    }];
    (request.temperature, request.max_tokens) = (Some(0.5), Some(100));
    request.stop_sequences = vec!["END".to_owned()];
    request
}

#[tokio::test]
async fn openai_gets_the_history_in_its_form_and_nothing_of_ours() {
    assert_eq!(
        to_openai(history()).await,
        json!({
            "model": "m1",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [
                    {"type": "text", "text": "what is this?"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                    {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,BBBB"}},
                    {"type": "text", "text": "[snapshot: not shown]"},
                ]},
                {"role": "assistant", "content": "I look.", "tool_calls": [
                    {"id": "call_1", "type": "function", "function": {"name": "read", "arguments": "{\"p\": 1}"}},
                    {"id": "call_2", "type": "function", "function": {"name": "read", "arguments": "{\"unparsable\":\"{p: oops\"}"}},
                ]},
                {"role": "tool", "tool_call_id": "call_1", "content": "one"},
                {"role": "tool", "tool_call_id": "call_2", "content": "no such file"},
                {"role": "user", "content": "go on"},
            ],
            "stream": true,
            "stream_options": {"include_usage": true},
            "tools": [{"type": "function", "function": {"name": "read", "description": "Reads", "parameters": {"type": "object"}}}],
            "temperature": 0.5,
            "max_tokens": 100,
            "stop": ["END"],
        })
    );
}

#[tokio::test]
async fn anthropic_gets_it_in_its_form_with_thoughts_as_they_were_signed_and_results_in_one_message()
 {
    assert_eq!(
        to_anthropic(history()).await,
        json!({
            "model": "m1",
            "max_tokens": 100,
            "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
            "messages": [
                {"role": "user", "content": [
                    {"type": "text", "text": "what is this?"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                    {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "BBBB"}, "title": "a.pdf"},
                    {"type": "text", "text": "[snapshot: not shown]"},
                ]},
                {"role": "assistant", "content": [
                    {"type": "thinking", "thinking": "Hm.\n", "signature": "SIG=="},
                    {"type": "redacted_thinking", "data": "DATA"},
                    {"type": "text", "text": "I look."},
                    {"type": "tool_use", "id": "call_1", "name": "read", "input": {"p": 1}},
                    {"type": "tool_use", "id": "call_2", "name": "read", "input": {"unparsable": "{p: oops"}},
                ]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "call_1", "content": [{"type": "text", "text": "one"}]},
                    {"type": "tool_result", "tool_use_id": "call_2", "content": [{"type": "text", "text": "no such file"}], "is_error": true},
                    {"type": "text", "text": "go on"},
                ]},
            ],
            "stream": true,
            "tools": [{"name": "read", "description": "Reads", "input_schema": {"type": "object"}}],
            "temperature": 0.5,
            "stop_sequences": ["END"],
        })
    );
}

#[tokio::test]
async fn with_anthropic_the_sides_take_turns_and_nothing_is_blank() {
    let messages = [
        SessionMessage::new(Role::Assistant, "I begin."),
        user("one"),
        user("  "),
        SessionMessage::new(Role::System, "Also be kind."),
        user("two"),
        SessionMessage::new(Role::Assistant, ""),
        caller("", &[("functions.read:0", json!({}))]),
        user("interrupting"),
        result("functions.read:0", ""),
    ];
    let body = to_anthropic(question(messages)).await;
    assert_eq!(body["system"][0]["text"], "Also be kind.");
    assert_eq!(
        body["messages"],
        json!([
            {"role": "user", "content": [{"type": "text", "text": "[The beginning is not shown.]"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "I begin."}]},
            {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "functions_read_0", "name": "read", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "functions_read_0", "content": []},
                {"type": "text", "text": "interrupting"},
            ]},
        ])
    );
    let openai = to_openai(question([user("one"), SessionMessage::new(Role::Assistant, "")])).await;
    assert_eq!(
        openai["messages"],
        json!([{"role": "user", "content": "one"}]),
        "an empty answer is none"
    );
}

#[tokio::test]
async fn the_last_message_and_the_system_prompt_are_marked_for_the_cache() {
    let body = sent(|server| Box::new(anthropic(server)), history()).await;
    let mark = json!({"type": "ephemeral"});
    assert_eq!(body.pointer("/system/0/cache_control"), Some(&mark));
    assert_eq!(body.pointer("/messages/2/content/2/cache_control"), Some(&mark));
    assert_eq!(body.to_string().matches("cache_control").count(), 2);
}

#[tokio::test]
async fn the_longest_answer_has_the_name_that_the_model_takes_and_what_it_can_where_it_must_be_said()
 {
    let asked = |model: &str, tokens| {
        let mut request = hello();
        (request.model, request.max_tokens) = (model.to_owned(), tokens);
        request
    };
    let body = to_openai(asked("o3-mini", Some(9))).await;
    assert_eq!((&body["max_completion_tokens"], body.get("max_tokens")), (&json!(9), None));
    let body = to_openai(asked("llama3.2", Some(9))).await;
    assert_eq!((&body["max_tokens"], body.get("max_completion_tokens")), (&json!(9), None));
    let body = to_openai(hello()).await;
    assert_eq!((body.get("max_tokens"), body.get("max_completion_tokens")), (None, None));
    for (model, longest) in
        [("claude-3-5-haiku-latest", 8_192), ("claude-sonnet-4-5", 32_000), ("new", 32_000)]
    {
        assert_eq!(to_anthropic(asked(model, None)).await["max_tokens"], longest);
    }
}

#[tokio::test]
async fn what_the_caller_adds_goes_along() {
    let fields = json!({"thinking": {"type": "enabled", "budget_tokens": 4000}})
        .as_object()
        .unwrap()
        .clone();
    let server = Scripted::queue([Reply::empty(500), Reply::empty(500)]).await;
    let openai = OpenAi::builder()
        .base_url(server.url())
        .body(fields.clone())
        .header("x-title", "T")
        .build()
        .unwrap();
    let anthropic = Anthropic::builder()
        .base_url(format!("{}/v1/", server.url()))
        .body(fields)
        .header("anthropic-version", "2099-01-01")
        .build()
        .unwrap();
    let _refused = (ask(&openai, hello()).await, ask(&anthropic, hello()).await);
    let requests = server.requests();
    assert_eq!(requests[0].json()["thinking"]["budget_tokens"], 4000);
    assert_eq!(
        (requests[0].header("x-title"), requests[0].header("authorization")),
        (Some("T"), None)
    );
    assert_eq!(requests[1].json()["thinking"]["budget_tokens"], 4000);
    assert_eq!(
        (requests[1].route().as_str(), requests[1].header("anthropic-version")),
        ("POST /v1/messages", Some("2099-01-01"))
    );
}

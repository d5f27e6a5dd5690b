//! The providers against `@copilotkit/aimock`, which speaks OpenAI's and Anthropic's forms.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../providers/asking.rs"]
#[allow(dead_code, reason = "each test binary uses its part")]
mod asking;
#[path = "../support/mod.rs"]
mod support;

mod conversations;

use std::sync::Arc;

use opencode_sessions::provider::{
    Anthropic, Finish, ModelProvider, OpenAi, ProviderEvent, ProviderRequest, ToolSpec,
};
use opencode_sessions::{Role, SessionMessage};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use self::asking::{Heard, ask, question};
use self::support::rig::Model;

async fn model() -> &'static Model {
    static MODEL: OnceCell<Model> = OnceCell::const_new();
    MODEL.get_or_init(Model::start).await
}

fn providers(model: &Model) -> [Arc<dyn ModelProvider>; 2] {
    let openai = OpenAi::builder().base_url(format!("{}/v1", model.url)).build().unwrap();
    let anthropic = Anthropic::builder().base_url(&model.url).api_key("k").build().unwrap();
    [Arc::new(openai), Arc::new(anthropic)]
}

fn asking(text: &str) -> ProviderRequest {
    let mut request = question([SessionMessage::new(Role::User, text)]);
    let parameters = json!({"type": "object", "properties": {"command": {"type": "string"}}});
    request.tools =
        vec![ToolSpec { name: "bash".to_owned(), description: "Runs".to_owned(), parameters }];
    request
}

async fn asked(text: &str) -> Vec<Heard> {
    let mut heard = Vec::new();
    for provider in providers(model().await) {
        heard.push(ask(&*provider, asking(text)).await);
    }
    heard
}

#[tokio::test]
async fn both_forms_are_understood() {
    for heard in asked("hello").await {
        assert_eq!((heard.text().as_str(), heard.finish()), ("Hi there!", Some(Finish::Stop)));
    }
}

#[tokio::test]
async fn thoughts_are_heard_apart_and_end_before_the_text() {
    let [openai, anthropic] = &asked("think about it").await[..] else { panic!() };
    for (heard, is_signed) in [(openai, false), (anthropic, true)] {
        let joined = heard.joined();
        let at = joined.iter().position(|event| matches!(event, ProviderEvent::Reasoning(_)));
        let [thought, end, text] = &joined[at.unwrap()..][..3] else { panic!() };
        assert_eq!(*thought, ProviderEvent::Reasoning("What is six times seven?".to_owned()));
        let ProviderEvent::ReasoningEnd { signature } = end else { panic!("{joined:?}") };
        assert_eq!(signature.is_some(), is_signed);
        assert_eq!(*text, ProviderEvent::Text("Forty-two.".to_owned()));
    }
}

#[tokio::test]
async fn two_calls_are_heard_and_their_results_are_taken() {
    for provider in providers(model().await) {
        let request = asking("use two tools");
        let heard = ask(&*provider, request.clone()).await;
        assert_eq!(heard.finish(), Some(Finish::ToolCalls));
        let calls = heard.calls();
        let commands: Vec<Value> =
            calls.iter().map(|call| serde_json::from_str(&call.arguments).unwrap()).collect();
        assert_eq!(
            (&commands[0]["command"], &commands[1]["command"]),
            (&json!("echo one"), &json!("echo two"))
        );

        let mut caller = SessionMessage::new(Role::Assistant, "");
        let call = |call: &opencode_sessions::provider::ToolCall| json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}});
        caller.tool_calls = Some(calls.iter().map(call).collect());
        let mut next = request;
        next.messages.push(Arc::new(caller));
        for call in &calls {
            let mut result = SessionMessage::new(Role::Tool, "done");
            result.tool_call_id = Some(call.id.clone());
            next.messages.push(Arc::new(result));
        }
        assert_eq!(ask(&*provider, next).await.text(), "Both done.");
    }
}

#[tokio::test]
async fn its_refusals_are_typed() {
    for (text, code, retryable) in [
        ("be refused", "PROVIDER_ERROR", false),
        ("be locked out", "PROVIDER_AUTH", false),
        ("be overloaded", "PROVIDER_ERROR", true),
    ] {
        for heard in asked(text).await {
            assert_eq!(heard.code(), code, "{text}");
            assert_eq!(heard.error.unwrap().retryable(), retryable, "{text}");
        }
    }
}

#[tokio::test]
async fn the_faults_it_injects_are_typed() {
    let model = model().await;
    let long = "word ".repeat(40);
    for (name, more) in [
        ("break off", json!({"truncateAfterChunks": 4, "latency": 30})),
        ("be malformed", json!({"chaos": {"malformedRate": 1.0}})),
        ("hang up", json!({"chaos": {"disconnectRate": 1.0}})),
        ("drop it", json!({"chaos": {"dropRate": 1.0}})),
        (
            "be limited",
            json!({"response": {"error": {"message": "Slow down", "type": "rate_limit_error"}, "status": 429, "retryAfter": 3}}),
        ),
    ] {
        let mut fixture =
            json!({"match": {"userMessage": name}, "response": {"content": long}, "chunkSize": 4});
        fixture.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        model.add_fixture(fixture).await;
    }
    for heard in asked("break off").await {
        assert_eq!(heard.code(), "CONNECTION", "{heard:?}");
        assert!(long.starts_with(&heard.text()), "{heard:?}");
    }
    for heard in asked("be malformed").await {
        assert_eq!((heard.code(), heard.finish()), ("DECODE", None), "{heard:?}");
    }
    for heard in asked("hang up").await {
        assert_eq!((heard.code(), heard.finish()), ("CONNECTION", None), "{heard:?}");
    }
    for heard in asked("drop it").await {
        assert_eq!(heard.code(), "PROVIDER_ERROR", "{heard:?}");
        assert!(heard.error.unwrap().retryable());
    }
    for heard in asked("be limited").await {
        assert_eq!(heard.code(), "RATE_LIMIT", "{heard:?}");
        assert_eq!(heard.error.unwrap().retry_after(), Some(std::time::Duration::from_secs(3)));
    }
}

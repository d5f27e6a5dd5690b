//! Servers that keep to OpenAI's form less strictly: what they mean is heard.

use opencode_sessions::provider::{Finish, ProviderEvent, ToolCall};
use serde_json::{Value, json};

use crate::asking::{ask, call, chat, frames, hello, message, openai, question};
use crate::support::scripted::{Reply, Scripted};
use opencode_sessions::{Role, SessionMessage};

fn calls(calls: Value) -> Value {
    let delta = serde_json::Map::from_iter([("tool_calls".to_owned(), calls)]);
    json!({"choices": [{"delta": delta}]})
}

fn stop(reason: &str) -> Value {
    json!({"choices": [{"delta": {}, "finish_reason": reason}]})
}

/// The calls of an answer of these pieces, that ends well in whatever way.
async fn called(pieces: &[Value]) -> Vec<ToolCall> {
    let heard = chat(&frames(pieces)).await;
    assert_eq!(heard.finish(), Some(Finish::ToolCalls), "{heard:?}");
    heard.calls()
}

#[tokio::test]
async fn calls_come_whole_in_pieces_without_index_and_as_objects() {
    let whole = json!([{"id": "a", "function": {"name": "read", "arguments": "{\"x\":1}"}}, {"id": "b", "function": {"name": "now", "arguments": ""}}]);
    let expected = [call("a", "read", "{\"x\":1}"), call("b", "now", "{}")];
    assert_eq!(called(&[calls(whole), stop("stop")]).await, expected);

    let pieces = [
        calls(json!([{"id": "a", "function": {"name": "read", "arguments": "{\"x\""}}])),
        calls(json!([{"function": {"arguments": ":1}"}}])),
        calls(json!([{"id": "b", "function": {"name": "now"}}])),
        stop("tool_calls"),
    ];
    assert_eq!(called(&pieces).await, expected);

    let repeated = [
        calls(json!([{"id": "a", "function": {"name": "read", "arguments": "{\"x\""}}])),
        calls(json!([{"id": "a", "function": {"name": "read", "arguments": ":1}"}}])),
        stop("tool_calls"),
    ];
    assert_eq!(called(&repeated).await, expected[..1]);

    let object = json!([{"id": "a", "function": {"name": "read", "arguments": {"x": 1}}}]);
    assert_eq!(called(&[calls(object), stop("tool_calls")]).await, expected[..1]);

    let one_index = [
        calls(
            json!([{"index": 0, "id": "a", "function": {"name": "read", "arguments": "{\"x\":1}"}}]),
        ),
        calls(json!([{"index": 0, "id": "b", "function": {"name": "now", "arguments": "{}"}}])),
        stop("tool_calls"),
    ];
    assert_eq!(called(&one_index).await, expected);
}

#[tokio::test]
async fn a_call_without_an_id_gets_one_that_is_the_same_for_the_same_question_only() {
    let pieces =
        [calls(json!([{"function": {"name": "a"}}, {"function": {"name": "a"}}])), stop("stop")];
    let replies = (0..3).map(|_| Reply::with(200, crate::asking::SSE, frames(&pieces)));
    let server = Scripted::queue(replies).await;
    let (one, other) = (SessionMessage::new(Role::User, "1"), SessionMessage::new(Role::User, "2"));
    let mut ids = Vec::new();
    for asked in [&one, &one, &other] {
        let heard = ask(&openai(&server), question([asked.clone()])).await;
        ids.push(heard.calls().into_iter().map(|call| call.id).collect::<Vec<_>>());
    }
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
    assert_ne!(ids[0][0], ids[0][1]);
    assert!(ids[0].iter().all(|id| id.len() <= 40), "{ids:?}");
}

#[tokio::test]
async fn arguments_that_are_no_json_are_delivered_as_the_model_wrote_them() {
    let wrong =
        json!([{"index": 0, "id": "a", "function": {"name": "read", "arguments": "{path: x"}}]);
    assert_eq!(called(&[calls(wrong), stop("tool_calls")]).await, [call("a", "read", "{path: x")]);
}

#[tokio::test]
async fn an_answer_ends_well_with_a_reason_or_with_a_mark_and_else_it_was_cut() {
    let text = json!({"choices": [{"delta": {"content": "Hi"}}]});
    let hi = frames(&[text]);
    let done = "data: [DONE]";
    for body in [
        format!("{hi}{}{done}\n\n", frames(&[stop("stop")])),
        format!("{hi}{}", frames(&[stop("stop")])),
        format!("{hi}{}", frames(&[stop("stop")]).trim_end()),
        format!("{hi}{done}\n\n"),
        format!("{hi}{done}"),
    ] {
        let heard = chat(&body).await;
        assert_eq!((heard.text().as_str(), heard.finish()), ("Hi", Some(Finish::Stop)), "{body}");
    }
    for body in [hi.as_str(), "", done] {
        assert_eq!(chat(body).await.code(), "CONNECTION", "{body}");
    }
    let half = calls(json!([{"id": "a", "function": {"name": "a", "arguments": "{\"x\""}}]));
    let heard = chat(&(frames(&[half]) + "data: [DONE]\n\n")).await;
    assert_eq!((heard.calls(), heard.code()), (Vec::new(), "CONNECTION"));
}

#[tokio::test]
async fn other_names_and_forms_of_thoughts_and_texts_are_heard() {
    let heard = chat(&frames(&[
        json!({"choices": [{"delta": {"reasoning": "Hm", "content": null}}]}),
        json!({"choices": [{"delta": {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "m"}]}, {"type": "text", "text": "Hi"}]}}]}),
        stop("content_filter"),
    ])).await;
    assert_eq!(
        heard.whole(),
        [
            ProviderEvent::Reasoning("Hmm".into()),
            ProviderEvent::ReasoningEnd { signature: None },
            ProviderEvent::Text("Hi".into()),
            ProviderEvent::Finish(Finish::ContentFilter),
        ]
    );
    // Half a character, which is no text.
    let heard = chat("data: {\"choices\":[{\"delta\":{\"content\":\"a\\ud83d\"},\"finish_reason\":\"stop\"}]}\n\n").await;
    assert_eq!(heard.text(), "a\u{fffd}");
}

#[tokio::test]
async fn an_answer_that_is_not_streamed_is_heard_too() {
    let whole = json!({"object": "chat.completion", "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
        "role": "assistant", "content": "Hi", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2}});
    let server = Scripted::queue([Reply::json(200, &whole)]).await;
    let heard = ask(&openai(&server), hello()).await;
    assert_eq!((heard.text().as_str(), heard.calls()), ("Hi", vec![call("a", "now", "{}")]));
    assert_eq!(heard.finish(), Some(Finish::ToolCalls));

    let whole = json!({"type": "message", "content": [{"type": "text", "text": "Hi"}, {"type": "tool_use", "id": "a", "name": "now", "input": {"x": 1}}],
        "stop_reason": "tool_use", "usage": {"input_tokens": 3, "output_tokens": 2}});
    let server = Scripted::queue([Reply::json(200, &whole)]).await;
    let heard = ask(&crate::asking::anthropic(&server), hello()).await;
    assert_eq!((heard.text().as_str(), heard.calls()), ("Hi", vec![call("a", "now", "{\"x\":1}")]));
}

#[tokio::test]
async fn what_a_message_has_that_is_unknown_is_passed_over() {
    let heard = message(&frames(&[
        json!({"type": "something_new"}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "server_tool_use", "id": "x"}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "pause_turn"}}),
        json!({"type": "message_stop"}),
    ])).await;
    assert_eq!(heard.whole(), [ProviderEvent::Finish(Finish::Other("pause_turn".into()))]);
}

//! Answers that break off, stall, or are no answers.

use std::time::Duration;

use futures_util::StreamExt;
use opencode_sessions::provider::{Finish, ModelProvider, OpenAi, ProviderEvent};
use serde_json::json;

use crate::asking::{KEY, SSE, anthropic, ask, both, chat, frames, hello, message, openai};
use crate::support::scripted::{Reply, Scripted};

const OPENAI: &str = include_str!("streams/openai.sse");
const ANTHROPIC: &str = include_str!("streams/anthropic.sse");

/// Where the reason to stop stands in the recorded streams: before it, nothing is whole.
fn before_the_finish(recorded: &str) -> usize {
    recorded
        .find("\"finish_reason\":\"tool_calls\"")
        .unwrap_or_else(|| recorded.find("event: message_delta").unwrap())
}

#[tokio::test]
async fn of_an_answer_cut_anywhere_the_text_is_heard_and_no_call() {
    for recorded in [OPENAI, ANTHROPIC] {
        let finish = before_the_finish(recorded);
        for at in (0..finish).step_by(7) {
            // As a crash does it, and as a proxy does that ends the answer well.
            let (live, cut) = Reply::events();
            live.bytes(&recorded.as_bytes()[..at]);
            live.cut();
            let ended = Reply::with(200, SSE, recorded.as_bytes()[..at].to_vec());
            let server = Scripted::queue([cut, ended]).await;
            let provider: &dyn ModelProvider = match recorded == OPENAI {
                true => &openai(&server),
                false => &anthropic(&server),
            };
            for _ in 0..2 {
                let heard = ask(provider, hello()).await;
                assert_eq!(heard.code(), "CONNECTION", "cut at {at}: {heard:?}");
                assert!(heard.error.as_ref().unwrap().retryable());
                assert!(heard.calls().is_empty(), "no call of an answer cut at {at}");
                assert!("Grüße, 日本 🐟".starts_with(&heard.text()), "{at}");
                let said = recorded.find("🐟\"}").is_some_and(|text| text + 40 < at);
                if said {
                    assert_eq!(heard.text(), "Grüße, 日本 🐟", "what came is heard, cut at {at}");
                }
            }
            assert_eq!(server.requests().len(), 2, "nothing is asked again");
        }
    }
}

#[tokio::test]
async fn text_is_heard_before_the_malformed_piece_that_follows_it() {
    for body in [
        "data: {\"choices\":[{\"delta\":{\"content\":\"Well\"}}]}\n\ndata: {\"choices\":[{\"del\n\ndata: [DONE]\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"Well\"}}]}\n\ndata: not json\n\n",
    ] {
        let heard = chat(body).await;
        assert_eq!((heard.text().as_str(), heard.code()), ("Well", "DECODE"));
        assert_eq!(heard.finish(), None);
    }
    let heard = message("data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"Well\"}}\n\ndata: {]\n\n").await;
    assert_eq!((heard.text().as_str(), heard.code()), ("Well", "DECODE"));
}

#[tokio::test]
async fn an_answer_at_its_longest_ends_in_no_half_written_call() {
    let delta = |delta: serde_json::Value| json!({"choices": [{"delta": delta}]});
    let heard = chat(&(frames(&[
        delta(json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "read", "arguments": "{}"}}]})),
        delta(json!({"tool_calls": [{"index": 1, "id": "b", "function": {"name": "write", "arguments": "{\"content\": \"On"}}]})),
        json!({"choices": [{"delta": {}, "finish_reason": "length"}]}),
    ]) + "data: [DONE]\n\n")).await;
    assert_eq!(heard.calls().iter().map(|call| call.id.as_str()).collect::<Vec<_>>(), ["a"]);
    assert_eq!(heard.finish(), Some(Finish::Length));

    let heard = message(&frames(&[
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "b", "name": "write", "input": {}}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{\"content\": \"On"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "max_tokens"}}),
        json!({"type": "message_stop"}),
    ])).await;
    assert_eq!((heard.calls(), heard.finish()), (Vec::new(), Some(Finish::Length)));
}

#[tokio::test]
async fn a_model_that_falls_silent_runs_into_the_idle_time_and_its_text_was_heard() {
    let text = b"data: {\"choices\":[{\"delta\":{\"content\":\"Well\"}}]}\n\n";
    let silent = [Reply::never(), Reply::chunked(200, SSE, [text]).and_silence()];
    let server = Scripted::queue(silent).await;
    let provider = OpenAi::builder()
        .base_url(server.url())
        .read_idle_timeout(Duration::from_millis(200))
        .build()
        .unwrap();
    for said in ["", "Well"] {
        let heard = ask(&provider, hello()).await;
        assert_eq!((heard.text().as_str(), heard.code()), (said, "TIMEOUT"));
        assert!(heard.error.unwrap().to_string().contains("read_idle_timeout"));
    }
}

#[tokio::test]
async fn text_is_heard_while_the_rest_is_still_being_written_and_dropping_it_ends_the_request() {
    let (live, reply) = Reply::events();
    let server = Scripted::queue([reply]).await;
    let mut stream = openai(&server).stream(hello());
    live.event(&json!({"choices": [{"delta": {"content": "Well"}}]}));
    let first = stream.next().await.unwrap().unwrap();
    assert_eq!(first, ProviderEvent::Text("Well".to_owned()));
    drop(stream);
    live.dropped().await;
}

#[tokio::test]
async fn nothing_is_asked_before_somebody_listens() {
    let server = Scripted::queue([]).await;
    for provider in both(&server) {
        drop(provider.stream(hello()));
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn an_answer_without_bounds_ends_at_the_bound() {
    let part = "data: {\"choices\":[{\"delta\":{\"content\":\"0123456789\"}}]}\n\n";
    let server = Scripted::queue([Reply::repeated(SSE, part, 10_000, b"data: [DONE]\n\n")]).await;
    let provider =
        OpenAi::builder().base_url(server.url()).max_answer_bytes(10_000).build().unwrap();
    let heard = ask(&provider, hello()).await;
    assert_eq!(heard.code(), "DECODE");
    assert!(heard.text().len() < 10_000);
}

#[tokio::test]
async fn nobody_there_a_web_page_and_a_hang_up_are_told_apart() {
    let gone = { Scripted::queue([]).await.url().to_owned() };
    let provider = OpenAi::builder().base_url(gone).api_key(KEY).build().unwrap();
    let heard = ask(&provider, hello()).await;
    assert_eq!(heard.code(), "CONNECTION");
    assert!(!heard.error.unwrap().hint().contains("opencode serve"));

    let server = Scripted::queue([Reply::html(), Reply::hang_up()]).await;
    let provider = anthropic(&server);
    assert_eq!(ask(&provider, hello()).await.code(), "DECODE");
    assert_eq!(ask(&provider, hello()).await.code(), "CONNECTION");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_server_that_never_closes_an_answer_that_is_over_is_not_waited_for() {
    let text =
        b"data: {\"choices\":[{\"delta\":{\"content\":\"Well\"},\"finish_reason\":\"stop\"}]}\n\n";
    let server = Scripted::queue([Reply::chunked(200, SSE, [text]).and_silence()]).await;
    let idle = Duration::from_millis(200);
    let provider = OpenAi::builder().base_url(server.url()).read_idle_timeout(idle);
    let heard = ask(&provider.build().unwrap(), hello()).await;
    assert_eq!((heard.text().as_str(), heard.finish()), ("Well", Some(Finish::Stop)));
}

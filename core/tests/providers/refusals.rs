//! What providers refuse, in the words of each.

use std::time::Duration;

use opencode_sessions::OpencodeError;
use serde_json::{Value, json};

use crate::asking::{Heard, KEY, ask, both, chat, frames, hello, message, openai};
use crate::support::scripted::{Reply, Scripted};

async fn refused(status: u16, headers: &[(&str, &str)], body: &Value) -> OpencodeError {
    let reply = || {
        let kind = [("content-type", "application/json")];
        let headers: Vec<_> = kind.iter().chain(headers).copied().collect();
        Reply::with(status, &headers, body.to_string())
    };
    let server = Scripted::queue([reply(), reply()]).await;
    let [first, second] = both(&server);
    let errors = [ask(&*first, hello()).await, ask(&*second, hello()).await];
    assert_eq!(server.requests().len(), 2, "a refusal is not asked again");
    let [first, second] = errors.map(|heard| heard.error.unwrap());
    assert_eq!((first.code(), first.retryable()), (second.code(), second.retryable()));
    assert_eq!(first.session_id(), Some("s1"));
    first
}

#[tokio::test]
async fn every_refusal_has_a_code_and_says_whether_asking_again_may_help() {
    let openai = |kind: &str, code: &str, said: &str| json!({"error": {"message": said, "type": kind, "code": code, "param": null}});
    let anthropic =
        |kind: &str, said: &str| json!({"type": "error", "error": {"type": kind, "message": said}});
    for (status, body, code, retryable) in [
        (
            401,
            openai("invalid_request_error", "invalid_api_key", "Incorrect API key provided"),
            "PROVIDER_AUTH",
            false,
        ),
        (401, anthropic("authentication_error", "invalid x-api-key"), "PROVIDER_AUTH", false),
        (403, anthropic("permission_error", "no access"), "PROVIDER_AUTH", false),
        (429, openai("tokens", "rate_limit_exceeded", "Rate limit reached"), "RATE_LIMIT", true),
        (
            429,
            openai("insufficient_quota", "insufficient_quota", "You exceeded your current quota"),
            "RATE_LIMIT",
            false,
        ),
        (
            413,
            openai("tokens", "rate_limit_exceeded", "Request too large: tokens per minute"),
            "RATE_LIMIT",
            true,
        ),
        (
            400,
            openai(
                "invalid_request_error",
                "context_length_exceeded",
                "This model's maximum context length is 8192 tokens.",
            ),
            "CONTEXT_LENGTH_EXCEEDED",
            false,
        ),
        (
            400,
            anthropic(
                "invalid_request_error",
                "prompt is too long: 210000 tokens > 200000 maximum",
            ),
            "CONTEXT_LENGTH_EXCEEDED",
            false,
        ),
        (
            400,
            anthropic(
                "invalid_request_error",
                "input length and `max_tokens` exceed context limit: 190000 + 32000 > 200000",
            ),
            "CONTEXT_LENGTH_EXCEEDED",
            false,
        ),
        (
            413,
            anthropic("request_too_large", "Request exceeds the maximum size"),
            "CONTEXT_LENGTH_EXCEEDED",
            false,
        ),
        (
            400,
            json!({"object": "error", "message": "This model's maximum context length is 4096 tokens. However, you requested 5000", "type": "BadRequestError", "code": 400}),
            "CONTEXT_LENGTH_EXCEEDED",
            false,
        ),
        (
            400,
            json!({"error": {"code": 400, "message": "the request exceeds the available context size, try increasing it", "type": "exceed_context_size_error"}}),
            "CONTEXT_LENGTH_EXCEEDED",
            false,
        ),
        (
            400,
            json!({"error": "This model's maximum prompt length is 131072 but the request contains 200000 tokens."}),
            "CONTEXT_LENGTH_EXCEEDED",
            false,
        ),
        (
            400,
            json!([{"error": {"code": 400, "message": "The input token count (2000000) exceeds the maximum number of tokens allowed", "status": "INVALID_ARGUMENT"}}]),
            "CONTEXT_LENGTH_EXCEEDED",
            false,
        ),
        (
            400,
            json!({"error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": "prompt is too long"}}}),
            "CONTEXT_LENGTH_EXCEEDED",
            false,
        ),
        (
            400,
            openai(
                "invalid_request_error",
                "unsupported_parameter",
                "max_tokens is too large: 99999",
            ),
            "PROVIDER_ERROR",
            false,
        ),
        (404, json!({"detail": "Not Found"}), "PROVIDER_ERROR", false),
        (
            402,
            json!({"error": {"message": "Insufficient credits", "code": 402}}),
            "PROVIDER_ERROR",
            false,
        ),
        (500, openai("server_error", "", "The server had an error"), "PROVIDER_ERROR", true),
        (503, json!({}), "PROVIDER_ERROR", true),
        (529, anthropic("overloaded_error", "Overloaded"), "PROVIDER_ERROR", true),
    ] {
        let error = refused(status, &[], &body).await;
        assert_eq!(error.code().as_str(), code, "{body}");
        assert_eq!(error.retryable(), retryable, "{body}");
        assert_eq!(error.status(), Some(status), "{body}");
    }
    let spoken = refused(500, &[], &openai("server_error", "", "The server had an error")).await;
    assert!(spoken.to_string().contains("The server had an error"), "{spoken}");
}

#[tokio::test]
async fn the_wait_it_asks_for_is_known_in_each_form_and_it_may_say_not_to_ask_again() {
    let busy = json!({"error": {"message": "slow down", "type": "requests"}});
    let seconds = refused(429, &[("retry-after", "7")], &busy).await;
    assert_eq!(seconds.retry_after(), Some(Duration::from_secs(7)));
    let millis = refused(429, &[("retry-after", "7"), ("retry-after-ms", "250")], &busy).await;
    assert_eq!(millis.retry_after(), Some(Duration::from_millis(250)));
    let date = refused(529, &[("retry-after", "Wed, 21 Oct 2150 07:28:00 GMT")], &busy).await;
    assert!(date.retry_after().unwrap() > Duration::from_secs(1_000_000));
    let never = refused(500, &[("x-should-retry", "false")], &busy).await;
    assert!(!never.retryable());
}

#[tokio::test]
async fn an_error_in_the_middle_of_an_answer_comes_after_the_text_and_is_read_the_same() {
    let said = json!({"choices": [{"delta": {"content": "Well"}}]});
    for (piece, code, retryable) in [
        (
            json!({"error": {"message": "overloaded", "type": "server_error"}}),
            "PROVIDER_ERROR",
            true,
        ),
        (
            json!({"error": {"message": "Rate limited upstream", "code": 429}, "choices": [{"delta": {"content": ""}, "finish_reason": "error"}]}),
            "RATE_LIMIT",
            true,
        ),
        (json!({"error": "out of memory"}), "PROVIDER_ERROR", true),
        (
            json!({"object": "error", "message": "maximum context length is 10 tokens", "type": "BadRequestError", "code": 400}),
            "CONTEXT_LENGTH_EXCEEDED",
            false,
        ),
        (
            json!({"error": {"message": "bad tool", "type": "invalid_request_error"}}),
            "PROVIDER_ERROR",
            false,
        ),
    ] {
        let heard = chat(&frames(&[said.clone(), piece.clone()])).await;
        assert_eq!((heard.text().as_str(), heard.code()), ("Well", code), "{piece}");
        assert_eq!(heard.error.unwrap().retryable(), retryable, "{piece}");
    }
    let said = json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Well"}});
    let overloaded =
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    let heard = message(&frames(&[said, overloaded])).await;
    assert_eq!((heard.text().as_str(), heard.code()), ("Well", "PROVIDER_ERROR"));
    let error = heard.error.unwrap();
    assert_eq!((error.status(), error.retryable()), (Some(529), true));
}

#[tokio::test]
async fn an_error_with_the_status_of_an_answer_is_an_error() {
    let body = json!({"error": {"message": "no such model", "code": 404}});
    let server = Scripted::queue([Reply::json(200, &body), Reply::json(200, &body)]).await;
    for provider in both(&server) {
        let heard = ask(&*provider, hello()).await;
        assert_eq!((heard.code(), heard.error.unwrap().status()), ("PROVIDER_ERROR", Some(404)));
    }
}

#[tokio::test]
async fn a_key_is_in_no_error_and_in_no_debug_text() {
    let body = json!({"error": {"message": format!("Incorrect API key provided: {KEY}.")}});
    let moved = Reply::with(307, &[("location", "http://elsewhere.invalid/")], "");
    let server = Scripted::queue([
        Reply::json(401, &body),
        Reply::json(401, &body),
        moved,
        Reply::hang_up(),
    ])
    .await;
    let shown = |heard: &Heard| format!("{heard:?} {}", heard.error.as_ref().unwrap());
    for provider in both(&server).into_iter().chain(both(&server)) {
        let heard = ask(&*provider, hello()).await;
        assert!(!shown(&heard).contains(KEY), "{heard:?}");
        assert!(!format!("{provider:?}").contains(KEY), "{provider:?}");
    }
    let [first, second, third, _] = &server.requests()[..] else { panic!("each was asked once") };
    let bearer = format!("Bearer {KEY}");
    assert_eq!(first.header("authorization"), Some(bearer.as_str()));
    assert_eq!((second.header("x-api-key"), second.header("authorization")), (Some(KEY), None));
    assert_eq!(third.route(), "POST /v1/chat/completions", "what points elsewhere is not followed");
}

#[tokio::test]
async fn who_does_not_know_stream_options_is_asked_without_them_from_then_on() {
    let strict = |request: &crate::support::scripted::Request| match request
        .json()
        .get("stream_options")
    {
        Some(_) => Reply::json(
            422,
            &json!({"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"]}]}),
        ),
        None => Reply::with(
            200,
            crate::asking::SSE,
            "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
        ),
    };
    let server = Scripted::start(strict).await;
    let provider = openai(&server);
    for requests in [2, 3] {
        assert_eq!(ask(&provider, hello()).await.text(), "Hi");
        assert_eq!(server.requests().len(), requests);
    }
}

//! The server's refusals, in each of the shapes it has had.
//!
//! | shape | of |
//! |---|---|
//! | `{"name", "data": {"message", "kind"?, "ref"?}}` | most routes |
//! | `{"_tag", "message"?, "field"?, "sessionID"?}` | handlers, `/api` routes |
//! | `{"success": false, "error": [{"path", "message"}]}` | servers up to 1.14 |
//! | empty, plain text, a web page | 401, workspaces, paths a server does not know |

use std::time::Duration;

use jiff::fmt::rfc2822;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;
use url::Url;

use super::{Call, content_type};
use crate::error::{ApiDetail, ApiErrorKind, ErrorCode, OpencodeError};

/// How much of a text the server sent instead of JSON is shown.
const TEXT_SHOWN: usize = 300;

/// How much of a message is shown: its own are shorter, but what it passes on may be anything.
const MESSAGE_SHOWN: usize = 2_000;

const WEB_PAGE: &str = "sent a web page";

pub(super) fn read(
    call: &Call<'_>,
    base: &Url,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> OpencodeError {
    let number = status.as_u16();
    if content_type(headers).starts_with("text/html") && number < 500 {
        return web_page(call, base);
    }
    if status.is_redirection() {
        return OpencodeError::decode(
            format!("the answer to {call}"),
            format!("it points to another address ({status}), which is not followed"),
        )
        .with_hint("give the client the server's final address as base_url");
    }
    let kind = ApiErrorKind::of_status(number);
    let told = Told::of(body);
    let retry_after = (number == 429 || number == 503).then(|| retry_after(headers)).flatten();
    let hint = hint(call, kind, &told);
    OpencodeError::Api {
        kind,
        status: Some(number),
        code: kind.code(),
        message: message(call, status, kind, &told),
        session_id: call.session.map(str::to_owned).or(told.session),
        hint,
        detail: Box::new(ApiDetail {
            name: told.name,
            field: told.field,
            reference: told.reference,
            retry_after,
        }),
    }
}

/// A web page where JSON was expected: the wrong port, or a server older than the API.
pub(super) fn web_page(call: &Call<'_>, base: &Url) -> OpencodeError {
    OpencodeError::decode(format!("the answer to {call}"), format!("{base} {WEB_PAGE}"))
        .with_hint("this is no OpenCode server, or one too old to know the call: 1.2 or later is needed; check the port")
}

/// Whether the server has no such call: the error is its answer to a path it does not know, or
/// that it takes for another.
pub(crate) fn is_unknown_call(error: &OpencodeError) -> bool {
    match error {
        OpencodeError::Decode { reason, .. } => reason.ends_with(WEB_PAGE),
        other => matches!(other.code(), ErrorCode::NotFound | ErrorCode::InvalidRequest),
    }
}

pub(super) fn no_stream(call: &Call<'_>, base: &Url, kind: &str) -> OpencodeError {
    match kind.starts_with("text/html") {
        true => web_page(call, base),
        false => OpencodeError::decode(
            format!("the answer to {call}"),
            format!("{base} sent {kind:?}, not an event stream"),
        ),
    }
}

/// What a refusal says, whatever its shape.
#[derive(Debug, Default)]
struct Told {
    name: Option<String>,
    message: Option<String>,
    field: Option<String>,
    reference: Option<String>,
    session: Option<String>,
}

impl Told {
    fn of(body: &[u8]) -> Self {
        let Ok(Value::Object(shape)) = serde_json::from_slice(body) else {
            let text = String::from_utf8_lossy(body);
            let text: String = text.trim().chars().take(TEXT_SHOWN).collect();
            return Self { message: Some(text).filter(|text| !text.is_empty()), ..Self::default() };
        };
        let data = shape.get("data").and_then(Value::as_object);
        let text = |name: &str| {
            let inside = data.and_then(|data| data.get(name)).and_then(Value::as_str);
            inside.or_else(|| shape.get(name).and_then(Value::as_str)).map(str::to_owned)
        };
        let issue =
            shape.get("error").or_else(|| shape.get("errors")).and_then(|issues| issues.get(0));
        let issue_text = |name: &str| {
            let value = issue?.get(name)?;
            Some(match value {
                Value::String(text) => text.clone(),
                Value::Array(steps) => steps.iter().map(step).collect::<Vec<_>>().join("."),
                other => other.to_string(),
            })
        };
        let message = text("message").or_else(|| issue_text("message"));
        let field = text("field")
            .or_else(|| issue_text("path"))
            .or_else(|| message.as_deref().and_then(field_of));
        let name = shape.get("name").or_else(|| shape.get("_tag")).and_then(Value::as_str);
        Self {
            name: name.map(str::to_owned),
            message,
            field,
            reference: text("ref"),
            session: text("sessionID"),
        }
    }
}

fn step(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The field in the server's own words: `Missing key\n  at ["parts"][0]["text"]`.
fn field_of(message: &str) -> Option<String> {
    let path = message.split_once("\n  at [")?.1.lines().next()?.trim_end_matches(']');
    Some(path.split("][").map(|step| step.trim_matches('"')).collect::<Vec<_>>().join("."))
}

fn message(call: &Call<'_>, status: StatusCode, kind: ApiErrorKind, told: &Told) -> String {
    let said = told.message.as_deref().or(told.name.as_deref());
    let said = said.map_or_else(|| status.to_string(), |said| said.replace("\n  at ", " at "));
    let said = match said.char_indices().nth(MESSAGE_SHOWN) {
        Some((end, _)) => format!("{}…", &said[..end]),
        None => said,
    };
    match (call.session, kind) {
        (Some(id), _) if said.contains(id) => said,
        (Some(id), ApiErrorKind::NotFound) if told.message.is_none() => {
            format!("Session not found: {id}")
        }
        (Some(id), _) => format!("{said} ({call}, session {id})"),
        (None, _) => format!("{said} ({call})"),
    }
}

fn hint(call: &Call<'_>, kind: ApiErrorKind, told: &Told) -> Option<String> {
    match (kind, &told.reference, &told.field) {
        (ApiErrorKind::NotFound, ..) if call.is_of_all_sessions() => {
            Some("this server has no sessions: it is no OpenCode server, or of another line of versions than 1.2 to 1.x".to_owned())
        }
        (ApiErrorKind::Server, Some(reference), _) => {
            Some(format!("look for {reference} in the server's log (~/.local/share/opencode/log)"))
        }
        (ApiErrorKind::InvalidRequest, _, Some(field)) => Some(format!("check {field}")),
        _ => None,
    }
}

/// `retry-after-ms`, `retry-after` in seconds or as a date; a date that is past asks for no wait.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |text: &str| text.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
    if let Some(millis) = text("retry-after-ms").and_then(number) {
        return Duration::try_from_secs_f64(millis / 1_000.0).ok();
    }
    let asked = text("retry-after")?;
    if let Some(seconds) = number(asked) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let until = rfc2822::DateTimeParser::new().parse_timestamp(asked).ok()?;
    let wait = until.duration_since(jiff::Timestamp::now());
    Some(Duration::try_from(wait).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn refusal(status: u16, body: &str) -> OpencodeError {
        let call = Call::get("").of_session("ses_1").unwrap();
        let base = Url::parse("http://h:1").unwrap();
        read(
            &call,
            &base,
            StatusCode::from_u16(status).unwrap(),
            &HeaderMap::new(),
            body.as_bytes(),
        )
    }

    #[test]
    fn every_shape_of_refusal_is_read() {
        for (status, body, code, said, name, field) in [
            (
                404,
                r#"{"name":"NotFoundError","data":{"message":"Session not found: ses_1"}}"#,
                "NOT_FOUND",
                "Session not found: ses_1",
                Some("NotFoundError"),
                None,
            ),
            (404, "", "NOT_FOUND", "Session not found: ses_1", None, None),
            (
                400,
                r#"{"name":"BadRequest","data":{"message":"Missing key\n  at [\"parts\"][0][\"text\"]","kind":"Payload"}}"#,
                "INVALID_REQUEST",
                "Missing key at",
                Some("BadRequest"),
                Some("parts.0.text"),
            ),
            (
                400,
                r#"{"_tag":"BadRequest"}"#,
                "INVALID_REQUEST",
                "BadRequest",
                Some("BadRequest"),
                None,
            ),
            (
                400,
                r#"{"_tag":"InvalidRequestError","message":"bad limit","field":"limit"}"#,
                "INVALID_REQUEST",
                "bad limit",
                Some("InvalidRequestError"),
                Some("limit"),
            ),
            (
                409,
                r#"{"_tag":"SessionBusyError","sessionID":"ses_1","message":"Session is busy: ses_1"}"#,
                "CONFLICT",
                "busy",
                Some("SessionBusyError"),
                None,
            ),
            (
                500,
                r#"{"name":"UnknownError","data":{"message":"Unexpected server error.","ref":"err_1"}}"#,
                "SERVER",
                "Unexpected server error.",
                Some("UnknownError"),
                None,
            ),
            (
                400,
                r#"{"success":false,"error":[{"path":["parts",0],"message":"Required"}],"data":{}}"#,
                "INVALID_REQUEST",
                "Required",
                None,
                Some("parts.0"),
            ),
            (401, "", "UNAUTHORIZED", "401", None, None),
            (503, "workspace is broken", "SERVER", "workspace is broken", None, None),
            (422, "{}", "INVALID_REQUEST", "422", None, None),
        ] {
            let error = refusal(status, body);
            assert_eq!(error.code().as_str(), code, "{body}");
            assert_eq!(error.status(), Some(status));
            assert_eq!(error.session_id(), Some("ses_1"));
            assert!(error.to_string().contains(said), "{error} should say {said}");
            assert!(error.to_string().contains("ses_1"), "{error} names the session");
            assert!(!error.hint().is_empty());
            let OpencodeError::Api { detail, .. } = &error else { panic!("{error:?}") };
            assert_eq!(detail.name.as_deref(), name, "{body}");
            assert_eq!(detail.field.as_deref(), field, "{body}");
        }
        assert!(refusal(500, r#"{"data":{"ref":"err_77"}}"#).hint().contains("err_77"));
    }

    #[test]
    fn the_wait_a_server_asks_for_is_read_in_each_of_its_forms() {
        let asked = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
            retry_after(&headers)
        };
        assert_eq!(asked("retry-after-ms", "1500"), Some(Duration::from_millis(1500)));
        assert_eq!(asked("retry-after", "2"), Some(Duration::from_secs(2)));
        assert_eq!(asked("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        let long = asked("retry-after", "Wed, 21 Oct 2150 07:28:00 GMT").unwrap();
        assert!(long > Duration::from_secs(1_000_000));
        assert_eq!(asked("retry-after", "soon"), None);
        assert_eq!(asked("retry-after", "-1"), None);
    }
}

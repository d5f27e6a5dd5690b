//! One message of an export made from a session's message.
//!
//! What is made for every message depends on that message alone; what OpenCode needs besides is
//! filled in ([`require`]) only for messages that did not come from it.

use serde_json::{Value, json};

use super::PARAGRAPH;
use super::kept::Source;
use crate::model::{Map, Role, Session, SessionMessage, ToolInvocation};

/// Named where OpenCode needs a name and there is none.
pub(super) const UNKNOWN: &str = "unknown";
pub(super) const UNKNOWN_MODEL: &str = "unknown/unknown";
const AGENT: &str = "build";

/// A message, and the ids it is exported under.
pub(super) struct Context<'a> {
    pub message: &'a SessionMessage,
    pub session_id: &'a str,
    pub message_id: &'a str,
}

/// OpenCode knows two roles; what the others say is said to the model as the user's.
pub(super) fn role(message: &SessionMessage) -> &str {
    match &message.role {
        Role::Assistant => "assistant",
        _ => "user",
    }
}

/// What every message tells of itself.
pub(super) fn info(context: &Context<'_>, named: impl Fn(&str) -> (String, String)) -> Map {
    let message = context.message;
    let mut info = Map::new();
    info.insert("id".into(), json!(context.message_id));
    info.insert("sessionID".into(), json!(context.session_id));
    info.insert("role".into(), json!(role(message)));
    info.insert("time".into(), json!({"created": message.timestamp.as_millis()}));
    let assistant = message.role == Role::Assistant;
    if let Some((provider, model)) = message.model.as_deref().map(named) {
        if assistant {
            info.insert("modelID".into(), json!(model));
            info.insert("providerID".into(), json!(provider));
        } else {
            info.insert("model".into(), json!({"providerID": provider, "modelID": model}));
        }
    }
    if assistant {
        info.insert("tokens".into(), json!({"output": message.tokens.unwrap_or(0)}));
    }
    if let Some(finish) = &message.finish {
        info.insert("finish".into(), json!(finish));
    }
    match &message.error {
        Some(error @ Value::Object(_)) => {
            info.insert("error".into(), error.clone());
        }
        Some(error) => {
            let text = error.as_str().map_or_else(|| error.to_string(), str::to_owned);
            info.insert("error".into(), json!({"name": "UnknownError", "data": {"message": text}}));
        }
        None if message.interrupted == Some(true) => {
            let data = json!({"message": "interrupted"});
            info.insert("error".into(), json!({"name": "MessageAbortedError", "data": data}));
        }
        None => {}
    }
    info
}

/// Fills in what OpenCode needs of every message.
pub(super) fn require(
    info: &mut Map,
    context: &Context<'_>,
    session: &Session,
    last_user: Option<&str>,
    named: impl Fn(&str) -> (String, String),
) {
    let agent = session.agent.as_deref().unwrap_or(AGENT);
    let (provider, model) = match session.model.as_str() {
        "" => (UNKNOWN.to_owned(), UNKNOWN.to_owned()),
        model => named(model),
    };
    let mut fill = |key: &str, value: Value| {
        info.entry(key).or_insert(value);
    };
    fill("agent", json!(agent));
    if context.message.role != Role::Assistant {
        fill("model", json!({"providerID": provider, "modelID": model}));
        return;
    }
    fill("parentID", json!(last_user.unwrap_or(context.message_id)));
    fill("modelID", json!(model));
    fill("providerID", json!(provider));
    fill("mode", json!(agent));
    fill("path", json!({"cwd": session.working_dir, "root": session.working_dir}));
    fill("cost", json!(0));
    info.insert("tokens".into(), tokens(0, context.message.tokens.unwrap_or(0)));
    if let Some(Value::Object(time)) = info.get_mut("time") {
        time.insert("completed".into(), json!(context.message.timestamp.as_millis()));
    }
}

/// Token counts as OpenCode wants them.
pub(super) fn tokens(input: u64, output: u64) -> Value {
    let cache = json!({"read": 0, "write": 0});
    json!({"input": input, "output": output, "reasoning": 0, "cache": cache})
}

/// Fills in what OpenCode needs of a part.
pub(super) fn require_in_part(part: &mut Map, message: &SessionMessage) {
    match part.get("type").and_then(Value::as_str) {
        Some("reasoning") => {
            let at = message.timestamp.as_millis();
            part.entry("time").or_insert(json!({"start": at, "end": at}));
        }
        Some("text") if !matches!(message.role, Role::User | Role::Assistant) => {
            part.insert("synthetic".into(), Value::Bool(true));
        }
        _ => {}
    }
}

/// What is in a message and no source of `known` stands for, in the order it is shown. A message
/// of our own has no known sources, not even none.
pub(super) fn missing_sources(message: &SessionMessage, known: Option<&[&Source]>) -> Vec<Source> {
    let count = |list: Option<usize>| 0..list.unwrap_or(0);
    let mut sources: Vec<Source> =
        count(message.reasoning.as_ref().map(Vec::len)).map(Source::Reasoning).collect();
    if !message.content.is_empty() {
        sources.push(Source::Text(message.content.len()));
    }
    sources.extend(count(message.parts.as_ref().map(Vec::len)).map(Source::File));
    // A call by anyone but an assistant is not one OpenCode could show.
    if message.role == Role::Assistant || known.is_some() {
        let calls = count(message.tool_calls.as_ref().map(Vec::len));
        sources.extend(calls.map(|at| Source::Call { at, result: None, run: None }));
    }
    let known = known.unwrap_or_default();
    sources.retain(|source| !known.iter().any(|known| same_place(known, source)));
    sources
}

fn same_place(a: &Source, b: &Source) -> bool {
    match (a, b) {
        (Source::Text(_), Source::Text(_)) => true,
        (Source::Call { at: a, .. }, Source::Call { at: b, .. }) => a == b,
        _ => a == b,
    }
}

/// For each source the text that is its part's: the content cut where it was joined. When it has
/// been edited and cannot be cut there, the first text part has all of it and the others none.
pub(super) fn texts<'a, 'b>(
    content: &'a str,
    sources: impl Iterator<Item = &'b Source> + Clone,
) -> Vec<Option<&'a str>> {
    let lengths = || {
        sources.clone().filter_map(|source| match source {
            Source::Text(length) if *length > 0 => Some(*length),
            _ => None,
        })
    };
    let (spoken, cut) = match lengths().count() {
        0 => (false, None),
        1 => (true, Some(vec![content])),
        _ => (true, cut(content, lengths())),
    };
    let mut pieces = cut.unwrap_or_else(|| vec![content]).into_iter();
    sources
        .map(|source| match source {
            Source::Text(0) if spoken => Some(""),
            Source::Text(0) => Some(pieces.next().unwrap_or("")),
            Source::Text(_) => pieces.next(),
            _ => None,
        })
        .collect()
}

fn cut(content: &str, lengths: impl Iterator<Item = usize>) -> Option<Vec<&str>> {
    let mut pieces = Vec::new();
    let mut rest = Some(content);
    for length in lengths {
        let piece = rest?.get(..length)?;
        rest = match rest?.get(length..)? {
            "" => None,
            more => Some(more.strip_prefix(PARAGRAPH)?),
        };
        pieces.push(piece);
    }
    rest.is_none().then_some(pieces)
}

/// A part of which nothing is known but where it is.
pub(super) fn bare_part(context: &Context<'_>) -> Map {
    Map::from_iter([
        ("sessionID".into(), json!(context.session_id)),
        ("messageID".into(), json!(context.message_id)),
    ])
}

fn part_of(context: &Context<'_>, kind: &str) -> Map {
    let mut part = bare_part(context);
    part.insert("type".into(), json!(kind));
    part
}

pub(super) fn text_part(context: &Context<'_>, text: &str) -> Map {
    let mut part = part_of(context, "text");
    part.insert("text".into(), json!(text));
    part
}

pub(super) fn reasoning_part(
    context: &Context<'_>,
    index: usize,
    named: impl Fn(&str) -> (String, String),
) -> Option<Map> {
    let reasoning = context.message.reasoning.as_ref()?.get(index)?;
    let mut part = part_of(context, "reasoning");
    part.insert("text".into(), json!(reasoning.text));
    if let Some(signature) = &reasoning.signature {
        let provider = context.message.model.as_deref().map(named);
        let provider = provider.map_or_else(|| UNKNOWN.to_owned(), |(provider, _)| provider);
        part.insert("metadata".into(), json!({provider: {"signature": signature}}));
    }
    Some(part)
}

/// A file, or what else a message's `parts` hold. An image by URL, as OpenAI writes it, becomes a
/// file; what is no file is text for the person alone.
pub(super) fn file_part(context: &Context<'_>, index: usize) -> Option<Map> {
    let own = context.message.parts.as_ref()?.get(index)?;
    if own.get("type").is_some_and(|kind| kind == "file")
        && let Value::Object(own) = own
    {
        let mut part = bare_part(context);
        part.extend(own.clone());
        return Some(part);
    }
    let url = own.get("image_url").and_then(|image| image.get("url").unwrap_or(image).as_str());
    let Some(url) = url else {
        let mut part = text_part(context, &own.to_string());
        part.insert("ignored".into(), Value::Bool(true));
        return Some(part);
    };
    let mut part = part_of(context, "file");
    let mime = url.strip_prefix("data:").and_then(|data| data.split([';', ',']).next());
    part.insert("mime".into(), json!(mime.filter(|mime| !mime.is_empty()).unwrap_or("image/png")));
    part.insert("url".into(), json!(url));
    Some(part)
}

/// A call and, once there is one, its result. A call without a result is `pending`.
pub(super) fn tool_part(
    context: &Context<'_>,
    index: usize,
    result: Option<&SessionMessage>,
    run: Option<&ToolInvocation>,
) -> Option<Map> {
    let call = context.message.tool_calls.as_ref()?.get(index)?;
    let function = call.get("function").unwrap_or(&Value::Null);
    let text = |of: &Value, key: &str| of.get(key).and_then(Value::as_str).map(str::to_owned);
    let mut part = part_of(context, "tool");
    part.insert("tool".into(), json!(text(function, "name").unwrap_or_else(|| UNKNOWN.into())));
    let id = text(call, "id").unwrap_or_else(|| format!("call_{index}"));
    part.insert("callID".into(), json!(id));
    let input = input(call);
    let Some(result) = result else {
        let raw = text(function, "arguments").unwrap_or_default();
        part.insert("state".into(), json!({"status": "pending", "input": input, "raw": raw}));
        return Some(part);
    };
    let (start, end) = match run {
        Some(run) => {
            let end = run.timestamp.as_millis();
            (end.saturating_sub((run.duration * 1000.0).round() as i64), end)
        }
        None => (context.message.timestamp.as_millis(), result.timestamp.as_millis()),
    };
    let time = json!({"start": start, "end": end});
    let state = if result.error.is_some() {
        json!({"status": "error", "input": input, "error": result.content, "time": time})
    } else {
        json!({
            "status": "completed", "input": input, "output": result.content,
            "title": "", "metadata": {}, "time": time,
        })
    };
    part.insert("state".into(), state);
    Some(part)
}

/// A call's arguments as the object OpenCode wants, whatever the model wrote.
pub(super) fn input(call: &Value) -> Value {
    match call.get("function").and_then(|function| function.get("arguments")) {
        Some(Value::String(text)) => match serde_json::from_str(text) {
            Ok(object @ Value::Object(_)) => object,
            Ok(other) => json!({"value": other}),
            Err(_) if text.trim().is_empty() => json!({}),
            Err(_) => json!({"arguments": text}),
        },
        Some(object @ Value::Object(_)) => object.clone(),
        Some(other) => json!({"value": other}),
        None => json!({}),
    }
}

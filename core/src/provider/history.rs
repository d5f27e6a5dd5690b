//! What was said, as any wire format needs it.

use serde_json::Value;
use uuid::Uuid;

use crate::model::{Map, SessionMessage};

/// A call that a message made.
#[derive(Debug)]
pub(super) struct MadeCall {
    pub(super) id: String,
    pub(super) name: String,
    /// An object, as it was written where it was one.
    pub(super) text: String,
    pub(super) arguments: Map,
    /// What else its provider said of it.
    pub(super) extra: Map,
}

/// The calls of a message. Providers refuse arguments that are no JSON object, so such are put into
/// one: the model sees what it had written.
pub(super) fn calls(message: &SessionMessage) -> Vec<MadeCall> {
    let calls = message.tool_calls.iter().flatten().enumerate();
    calls
        .map(|(position, call)| {
            let function = call.get("function").unwrap_or(call);
            let name = function.get("name").and_then(Value::as_str).unwrap_or("unknown");
            let id = call.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
            let (text, arguments) = object(function.get("arguments"));
            MadeCall {
                id: id.map_or_else(|| made_id(&message.id, position), str::to_owned),
                name: accepted_name(name),
                text,
                arguments,
                extra: extra(call),
            }
        })
        .collect()
}

/// Providers refuse names with other characters, also those that a model made up.
fn accepted_name(name: &str) -> String {
    let name: String = accepted(name).chars().take(64).collect();
    if name.is_empty() { "unknown".to_owned() } else { name }
}

/// With `_` for characters that are refused in names and ids.
pub(super) fn accepted(text: &str) -> String {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    text.chars().map(|c| if is_fine(c) { c } else { '_' }).collect()
}

fn extra(call: &Value) -> Map {
    let known = ["index", "id", "type", "function", "name", "arguments"];
    let members = call.as_object().into_iter().flatten();
    let members = members.filter(|(key, _)| !known.contains(&key.as_str()));
    members.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn object(given: Option<&Value>) -> (String, Map) {
    let odd = match given {
        None | Some(Value::Null) => return ("{}".to_owned(), Map::new()),
        Some(Value::Object(fields)) => {
            return (Value::Object(fields.clone()).to_string(), fields.clone());
        }
        Some(Value::String(text)) if text.trim().is_empty() => {
            return ("{}".to_owned(), Map::new());
        }
        Some(Value::String(text)) => match serde_json::from_str(text) {
            Ok(fields) => return (text.clone(), fields),
            Err(_) => text.clone(),
        },
        Some(other) => other.to_string(),
    };
    let fields = Map::from_iter([("unparsable".to_owned(), Value::String(odd))]);
    (Value::Object(fields.clone()).to_string(), fields)
}

/// An id for the call at this position that has none; the same for the same question.
pub(super) fn made_id(about: &str, position: usize) -> String {
    let name = format!("{about}/{position}");
    format!("call_{}", Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).simple())
}

/// A piece of content that is no plain text, or of which a format does not know what it is.
pub(super) enum Part<'a> {
    Text(&'a str),
    /// `data:…;base64,…`, or an address.
    Image(&'a str),
    File {
        name: Option<&'a str>,
        data: &'a str,
    },
    Other(&'a str),
}

pub(super) fn part(value: &Value) -> Part<'_> {
    let text = |path: &str| value.pointer(path).and_then(Value::as_str);
    let kind = text("/type").unwrap_or("unknown");
    match kind {
        "text" => text("/text").map_or(Part::Other(kind), Part::Text),
        "image_url" => {
            let url = text("/image_url/url").or_else(|| text("/image_url"));
            url.map_or(Part::Other(kind), Part::Image)
        }
        "file" => match text("/file/file_data") {
            Some(data) => Part::File { name: text("/file/filename"), data },
            None => Part::Other(kind),
        },
        _ => Part::Other(kind),
    }
}

/// Media type and base64 of a `data:` address.
pub(super) fn inline(url: &str) -> Option<(&str, &str)> {
    let (media, data) = url.strip_prefix("data:")?.split_once(";base64,")?;
    Some((media.split(';').next().unwrap_or(media), data))
}

/// What stands for content that the model cannot be given.
pub(super) fn left_out(kind: &str) -> String {
    format!("[{kind}: not shown]")
}

/// A message's content as text alone, for those who take nothing else there.
pub(super) fn plain(message: &SessionMessage) -> String {
    let mut text = message.content.clone();
    for value in message.parts.iter().flatten() {
        if !text.is_empty() {
            text.push('\n');
        }
        match part(value) {
            Part::Text(more) => text.push_str(more),
            Part::Image(_) => text.push_str(&left_out("image")),
            Part::File { .. } => text.push_str(&left_out("file")),
            Part::Other(kind) => text.push_str(&left_out(kind)),
        }
    }
    text
}

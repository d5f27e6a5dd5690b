//! Prompts in the server's words.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::Url;

use crate::error::{OpencodeError, Result};
use crate::model::Map;
use crate::server::sessions::{Remembered, agent_in, model_of};
use crate::server::types::request::{PromptPart, PromptRequest};
use crate::server::types::session::SessionInfo;

/// The body of a prompt for a session. A message id is never sent: the server orders messages by
/// id, and a client's clock that is off would break its turns.
pub(super) fn prompt(request: &PromptRequest, session: &SessionInfo) -> Result<Map> {
    if request.content.is_empty() {
        return Err(OpencodeError::invalid_request("content", "the prompt has no content")
            .of_session(&session.id));
    }
    let mut body = Map::new();
    if let Some((provider, model)) = model_of(request.provider.as_ref(), request.model.as_deref())?
    {
        body.insert("model".into(), json!({ "providerID": provider, "modelID": model }));
    }
    if let Some(agent) = agent_in(request.agent.as_deref(), session) {
        body.insert("agent".into(), agent.into());
    }
    if let Some(variant) = &request.variant {
        body.insert("variant".into(), variant.as_str().into());
    }
    let system = request.system.clone().or_else(|| Remembered::of(session).system_prompt);
    if let Some(system) = system {
        body.insert("system".into(), system.into());
    }
    if let Some(tools) = &request.tools {
        body.insert("tools".into(), json!(tools));
    }
    if request.no_reply {
        body.insert("noReply".into(), true.into());
    }
    // Text is what is answered anyhow; a server (1.18) that is told so never again lists the
    // session's messages.
    let format = request.format.as_ref().filter(|format| format["type"] != "text");
    if let Some(format) = format {
        body.insert("format".into(), format.clone());
    }
    let parts = request.content.iter().map(|part| piece(part, &session.directory));
    body.insert("parts".into(), Value::Array(parts.collect::<Result<_>>()?));
    Ok(body)
}

fn piece(part: &PromptPart, directory: &str) -> Result<Value> {
    Ok(match part {
        PromptPart::Text { text } => json!({ "type": "text", "text": text }),
        PromptPart::File { path, content, mime } => {
            let mime = mime.clone().unwrap_or_else(|| match content {
                Some(_) => TEXT.to_owned(),
                None => guessed(path),
            });
            let url = match content {
                Some(content) => format!("data:{mime};base64,{}", STANDARD.encode(content)),
                None => address(path, directory)?,
            };
            let name = match path.starts_with("data:") {
                true => "file",
                false => path.rsplit(['/', '\\']).next().unwrap_or(path),
            };
            json!({ "type": "file", "mime": mime, "filename": name, "url": url })
        }
        PromptPart::Agent { name } => json!({ "type": "agent", "name": name }),
        PromptPart::Subtask { prompt, description, agent } => json!({
            "type": "subtask", "prompt": prompt, "description": description, "agent": agent
        }),
    })
}

/// What the server reads for the model and puts into the prompt; the rest goes to the model as it
/// is, and few models take files of other types than pictures and PDF.
const TEXT: &str = "text/plain";

/// The server's own clients call every text `text/plain`, source code too.
fn guessed(path: &str) -> String {
    if path.ends_with('/') {
        return "application/x-directory".to_owned();
    }
    let guess = mime_guess::from_path(path).first_or_text_plain();
    let is_media = matches!(guess.type_().as_str(), "image" | "audio" | "video");
    let is_text = guess.subtype() == "svg" || is_typescript(path);
    match (is_media && !is_text) || guess == "application/pdf" {
        true => guess.to_string(),
        false => TEXT.to_owned(),
    }
}

/// `.ts` and `.mts` are also extensions of videos.
fn is_typescript(path: &str) -> bool {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    matches!(extension.as_deref(), Some("ts" | "mts" | "cts"))
}

/// The URL of a path on the server's machine, from the session's directory; URLs stay.
fn address(path: &str, directory: &str) -> Result<String> {
    if path.starts_with("file:") || path.starts_with("data:") || path.contains("://") {
        return Ok(path.to_owned());
    }
    let mut url = Url::parse("file:///").map_err(|_| unaddressable(path))?;
    let root = directory.trim_end_matches('/');
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{root}/{path}") };
    let steps = whole.split('/').filter(|step| !step.is_empty() && *step != ".");
    url.path_segments_mut().map_err(|()| unaddressable(path))?.clear().extend(steps);
    Ok(url.into())
}

fn unaddressable(path: &str) -> OpencodeError {
    OpencodeError::invalid_request("content", format!("the path {path:?} is no file's"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(part: &PromptPart) -> Value {
        piece(part, "/p/données 100%").unwrap()
    }

    #[test]
    fn a_file_is_its_content_or_the_address_of_its_path() {
        let file = |path: &str, content: Option<&str>| PromptPart::File {
            path: path.into(),
            content: content.map(Into::into),
            mime: None,
        };
        let given = sent(&file("src/a.rs", Some("fn é() {}")));
        assert_eq!(given["filename"], "a.rs");
        assert_eq!(given["mime"], "text/plain");
        let (head, data) = given["url"].as_str().unwrap().split_once(',').unwrap();
        assert_eq!(head, "data:text/plain;base64");
        assert_eq!(STANDARD.decode(data).unwrap(), "fn é() {}".as_bytes());

        let named = sent(&file("src/100% é?.md", None));
        assert_eq!(named["url"], "file:///p/donn%C3%A9es%20100%25/src/100%25%20%C3%A9%3F.md");
        assert_eq!(sent(&file("/etc/hosts", None))["url"], "file:///etc/hosts");
        for (path, mime) in [
            ("a.rs", "text/plain"),
            ("a.md", "text/plain"),
            ("a.ts", "text/plain"),
            ("a.mts", "text/plain"),
            ("a.json", "text/plain"),
            ("a.svg", "text/plain"),
            ("Makefile", "text/plain"),
            ("a.png", "image/png"),
            ("a.pdf", "application/pdf"),
            ("src/", "application/x-directory"),
        ] {
            assert_eq!(sent(&file(path, None))["mime"], mime, "{path}");
        }
        assert_eq!(sent(&file("https://h/x.png", None))["url"], "https://h/x.png");
    }
}

//! Messages as chat APIs in OpenAI's shape give and take them.

use serde_json::{Value, json};

use super::{Map, SessionMessage};
use crate::error::{OpencodeError, Result};

impl SessionMessage {
    /// What such an API takes: `role`, `content`, and `tool_calls`, `tool_call_id` and `name`
    /// where they are set. With `parts` the content is a list: the text, then the parts.
    pub fn to_llm(&self) -> Map {
        let mut fields = Map::new();
        fields.insert("role".into(), self.role.as_str().into());
        let text = Value::String(self.content.clone());
        let content = match self.parts.as_deref() {
            None | Some([]) => text,
            Some(parts) => {
                let said =
                    (!self.content.is_empty()).then(|| json!({"type": "text", "text": text}));
                said.into_iter().chain(parts.iter().cloned()).collect()
            }
        };
        fields.insert("content".into(), content);
        if let Some(calls) = &self.tool_calls {
            fields.insert("tool_calls".into(), calls.clone().into());
        }
        for (key, value) in [("tool_call_id", &self.tool_call_id), ("name", &self.name)] {
            if let Some(value) = value {
                fields.insert(key.into(), value.clone().into());
            }
        }
        fields
    }

    /// From what such an API gives or takes. Of a list of content the text becomes the content,
    /// and what is not text the parts. Fields it does not know are kept.
    pub fn from_llm(mut fields: Map) -> Result<Self> {
        if let Some(Value::Array(content)) = fields.get_mut("content") {
            let (mut text, mut parts) = (Vec::new(), Vec::new());
            for part in std::mem::take(content) {
                match (part["type"].as_str(), part["text"].as_str()) {
                    (Some("text"), Some(said)) => text.push(said.to_owned()),
                    _ => parts.push(part),
                }
            }
            fields.insert("content".into(), text.join("\n").into());
            if !parts.is_empty() && fields.insert("parts".into(), parts.into()).is_some() {
                return Err(OpencodeError::invalid("a message has parts in its content or apart"));
            }
        }
        Self::from_value(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_chat_api_gives_it_gets_back() {
        for message in [
            json!({"role": "user", "content": "hello"}),
            json!({"role": "tool", "content": "ok", "tool_call_id": "call_1", "name": "read"}),
            json!({"role": "user", "content": [
                {"type": "text", "text": "what is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            ]}),
        ] {
            let fields = message.as_object().unwrap().clone();
            assert_eq!(SessionMessage::from_llm(fields.clone()).unwrap().to_llm(), fields);
        }
    }

    #[test]
    fn no_content_beside_tool_calls_is_empty_content() {
        let call = json!({"id": "call_1", "type": "function"});
        let given = json!({"role": "assistant", "content": null, "tool_calls": [call]});
        let message = SessionMessage::from_llm(given.as_object().unwrap().clone()).unwrap();
        assert_eq!(message.content, "");
        assert_eq!(message.to_llm()["tool_calls"], json!([call]));
    }
}

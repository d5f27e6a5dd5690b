//! Messages as chat APIs in OpenAI's shape take them, and back.

use napi_derive::napi;
use opencode_sessions::SessionMessage;
use opencode_sessions::model::Map;
use serde_json::Value;

use crate::calls::{here, read};
use crate::text;

/// A message of the files' form, as such an API takes it.
#[napi]
pub(crate) fn to_llm(message: String) -> napi::Result<String> {
    here(|| text::write(&SessionMessage::from_value(read::<Value>(&message)?)?.to_llm()))
}

/// A message of the files' form, from what such an API gives or takes.
#[napi]
pub(crate) fn from_llm(message: String) -> napi::Result<String> {
    here(|| text::write(&SessionMessage::from_llm(read::<Map>(&message)?)?))
}

//! From text to event: one look at the envelope, then the properties straight into their type.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::Value;
use serde_json::value::RawValue;

use super::props::Properties;
use super::{Event, Props};
use crate::model::Map;

#[derive(Deserialize)]
struct Envelope<'t> {
    #[serde(default)]
    id: Option<String>,
    #[serde(rename = "type", borrow)]
    kind: Cow<'t, str>,
    #[serde(borrow, default)]
    properties: Option<&'t RawValue>,
    #[serde(flatten)]
    extra: Map,
}

/// A message of `/global/event`: the event is its payload.
#[derive(Deserialize)]
struct GlobalEnvelope<'t> {
    #[serde(default)]
    directory: Option<String>,
    #[serde(borrow)]
    payload: &'t RawValue,
}

impl Event {
    /// Decodes one event, `{"id", "type", "properties"}`. What it does not know, or cannot read,
    /// becomes [`Event::Unknown`].
    ///
    /// # Errors
    /// If the text is not JSON, or not an object with a string `type`.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        if let Ok(envelope) = serde_json::from_str::<Envelope<'_>>(text) {
            let properties = envelope.properties.map_or("{}", RawValue::get);
            if let Some(mut event) = Self::known(&envelope.kind, properties) {
                event.set_envelope(envelope.id, envelope.extra);
                return Ok(event);
            }
        }
        let raw: Value = serde_json::from_str(text)?;
        match raw.get("type").and_then(Value::as_str) {
            Some(kind) => Ok(Self::Unknown { kind: kind.to_owned(), directory: None, raw }),
            None => Err(serde_json::Error::custom("an event without a type")),
        }
    }

    /// Decodes one message of `/global/event`, `{"directory"?, "payload": event}`.
    ///
    /// # Errors
    /// If the text is not JSON, or the payload is not an object with a string `type`.
    pub fn from_global_json(text: &str) -> Result<Self, serde_json::Error> {
        let envelope: GlobalEnvelope<'_> = serde_json::from_str(text)?;
        let mut event = Self::from_json(envelope.payload.get())?;
        event.set_directory(envelope.directory);
        Ok(event)
    }
}

pub(super) fn properties<T: DeserializeOwned + Properties>(text: &str) -> Option<Props<T>> {
    let mut properties: T = serde_json::from_str(text).ok()?;
    let derived = properties.derive();
    Some(Props { derived, ..Props::new(properties) })
}

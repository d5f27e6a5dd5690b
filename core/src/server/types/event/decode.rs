//! From text to event: one look at the envelope, then the properties straight into their type.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::props::Properties;
use super::{Event, Props};
use crate::model::Map;
use crate::server::types::raw::RawJson;
use crate::server::types::tagged::{Text, in_one_pass};

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

/// An event whose properties come behind its `type`, as servers write it. All else is an error here.
struct Usual;

enum Read<'t> {
    Known(Event),
    /// An event of this kind, which is not known.
    Unknown(Cow<'t, str>),
}

/// What decodes the properties of an event of kind `.0`.
struct PropertiesOf<'k>(&'k str);

impl<'t> DeserializeSeed<'t> for PropertiesOf<'_> {
    type Value = Option<Event>;

    fn deserialize<D: Deserializer<'t>>(self, properties: D) -> Result<Option<Event>, D::Error> {
        Event::known(self.0, properties)
    }
}

impl<'t> Visitor<'t> for Usual {
    type Value = Read<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut fields: A) -> Result<Read<'t>, A::Error> {
        let (mut id, mut kind, mut event) = (None, None, None);
        let mut extra = None::<Box<Map>>;
        while let Some(Text(name)) = fields.next_key()? {
            match (&*name, &kind) {
                ("id", _) if id.is_none() => id = Some(fields.next_value::<Option<String>>()?),
                ("type", None) => kind = Some(fields.next_value::<Text<'_>>()?.0),
                ("properties", Some(kind)) if event.is_none() => {
                    event = Some(fields.next_value_seed(PropertiesOf(kind))?);
                }
                ("id" | "type" | "properties", _) => return Err(A::Error::custom("unusual")),
                _ => {
                    let extra = extra.get_or_insert_default();
                    extra.insert(name.into_owned(), fields.next_value()?);
                }
            }
        }
        match (event, kind) {
            (Some(Some(mut event)), _) => {
                event.set_envelope(id.flatten(), extra);
                Ok(Read::Known(event))
            }
            (Some(None), Some(kind)) => Ok(Read::Unknown(kind)),
            _ => Err(A::Error::missing_field("properties")),
        }
    }
}

impl Event {
    /// Decodes one event, `{"id", "type", "properties"}`. What it does not know, or cannot read,
    /// becomes [`Event::Unknown`].
    ///
    /// # Errors
    /// If the text is not JSON, or not an object with a string `type`.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        let usual = || {
            let mut json = serde_json::Deserializer::from_str(text);
            let event = json.deserialize_map(Usual)?;
            json.end().map(|()| event)
        };
        let kind = match in_one_pass(usual) {
            Ok(Read::Known(event)) => return Ok(event),
            Ok(Read::Unknown(kind)) => kind.into_owned(),
            Err(_) => {
                if let Some(event) = Self::careful(text) {
                    return Ok(event);
                }
                let raw: Value = serde_json::from_str(text)?;
                let kind = raw.get("type").and_then(Value::as_str);
                kind.ok_or_else(|| serde_json::Error::custom("an event without a type"))?.to_owned()
            }
        };
        Ok(Self::Unknown { kind, directory: None, raw: RawJson::of_checked(text) })
    }

    /// A known event, whatever its order and whatever it holds that is unknown.
    fn careful(text: &str) -> Option<Self> {
        let envelope: Envelope<'_> = serde_json::from_str(text).ok()?;
        let properties = envelope.properties.map_or("{}", RawValue::get);
        let mut properties = serde_json::Deserializer::from_str(properties);
        let mut event = Self::known(&envelope.kind, &mut properties).ok()??;
        let extra = Some(envelope.extra).filter(|extra| !extra.is_empty());
        event.set_envelope(envelope.id, extra.map(Box::new));
        Some(event)
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

pub(super) fn properties<'t, T, D>(from: D) -> Result<Props<T>, D::Error>
where
    T: Deserialize<'t> + Properties,
    D: Deserializer<'t>,
{
    let mut properties = Box::<T>::deserialize(from)?;
    let derived = properties.derive();
    Ok(Props { properties, event_id: None, directory: None, extra: None, derived })
}

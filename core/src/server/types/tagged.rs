//! Objects whose kind stands in one of their fields.
//!
//! serde's own tagged enums buffer the whole object and lose it when its fields do not decode. Here
//! the raw text is kept until the kind is known and decoded, so nothing is ever lost.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

/// The string in field `tag` of the JSON object `text`. Reads no further than the field.
pub(super) fn tag_of<'t>(tag: &str, text: &'t str) -> Option<Cow<'t, str>> {
    let mut found = None;
    // Leaving the object early is an error to the parser, and what we want.
    let _ =
        serde_json::Deserializer::from_str(text).deserialize_map(Peek { tag, found: &mut found });
    found
}

struct Peek<'p, 't> {
    tag: &'p str,
    found: &'p mut Option<Cow<'t, str>>,
}

#[derive(serde::Deserialize)]
struct Text<'t>(#[serde(borrow)] Cow<'t, str>);

impl<'t> Visitor<'t> for Peek<'_, 't> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Text(name)) = fields.next_key()? {
            if name == self.tag {
                *self.found = Some(fields.next_value::<Text<'t>>()?.0);
                return Ok(());
            }
            fields.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// The way in and out of JSON for an enum with one field per variant (`Variant.field`, `.0` in a
/// tuple) and a variant `Unknown { raw: Value }`. The fields' types write their tag themselves.
macro_rules! tagged {
    ($name:ident by $tag:literal { $($wire:literal => $variant:ident . $field:tt),+ $(,)? }) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let raw = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
                let known = match $crate::server::types::tagged::tag_of($tag, raw.get()).as_deref() {
                    $(Some($wire) => serde_json::from_str(raw.get())
                        .map(|value| Self::$variant { $field: value })
                        .ok(),)+
                    _ => None,
                };
                match known {
                    Some(known) => Ok(known),
                    None => serde_json::from_str(raw.get())
                        .map(|raw| Self::Unknown { raw })
                        .map_err(serde::de::Error::custom),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant { $field: value } => value.serialize(serializer),)+
                    Self::Unknown { raw } => raw.serialize(serializer),
                }
            }
        }

        impl $name {
            #[doc = concat!("What stands in `", $tag, "` on the wire; empty if nothing does.")]
            pub fn kind(&self) -> &str {
                match self {
                    $(Self::$variant { .. } => $wire,)+
                    Self::Unknown { raw } => {
                        raw.get($tag).and_then(serde_json::Value::as_str).unwrap_or_default()
                    }
                }
            }
        }
    };
}

pub(super) use tagged;

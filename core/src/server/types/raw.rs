//! JSON that few look at: checked at once, kept as text, made a tree when somebody asks.

use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// JSON as it was received. It is read as a [`Value`], which is made at the first look.
#[derive(Clone)]
pub struct RawJson {
    text: Box<str>,
    value: OnceLock<Box<Value>>,
}

impl RawJson {
    /// `text` must have been read as [`Checked`], or as the types of this module.
    pub(super) fn of_checked(text: &str) -> Self {
        Self { text: text.into(), value: OnceLock::new() }
    }

    /// The text, as it was received.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Deref for RawJson {
    type Target = Value;

    fn deref(&self) -> &Value {
        self.value.get_or_init(|| serde_json::from_str(&self.text).unwrap_or_default())
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

/// Without the JSON: nobody knows which secrets it holds.
impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawJson").finish_non_exhaustive()
    }
}

/// Any JSON that can be read as a [`Value`], which merely skipping it does not tell.
pub(in crate::server) struct Checked;

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Checked {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while let Some(Self) = items.next_element()? {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self, A::Error> {
        while let Some((Self, Self)) = fields.next_entry()? {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_checked_is_what_can_be_read() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for json in [
            r#"{"a": [1, -2, 3.5, 1e400, "x", null, true]}"#,
            r#"{"a": [1, -2, 3.5, 18446744073709551616, "\u00e9\n", null, true], "a": {}}"#,
            r#""\ud83d""#,
            r#"{"\ud83d": 1}"#,
            "[1,]",
            &deep,
        ] {
            let read = serde_json::from_str::<Value>(json).is_ok();
            assert_eq!(serde_json::from_str::<Checked>(json).is_ok(), read, "{json}");
        }
    }
}

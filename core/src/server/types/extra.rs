//! The fields of an object that this version does not know, without the tag that its type implies.

use std::fmt;

use serde::Deserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};

use crate::model::Map;

struct Others(&'static str);

impl<'de> Visitor<'de> for Others {
    type Value = Map;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Map, A::Error> {
        let mut others = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            if name == self.0 {
                fields.next_value::<IgnoredAny>()?;
            } else {
                others.insert(name, fields.next_value()?);
            }
        }
        Ok(others)
    }
}

pub(super) fn without_type<'de, D: Deserializer<'de>>(d: D) -> Result<Map, D::Error> {
    d.deserialize_map(Others("type"))
}

pub(super) fn without_role<'de, D: Deserializer<'de>>(d: D) -> Result<Map, D::Error> {
    d.deserialize_map(Others("role"))
}

pub(super) fn without_status<'de, D: Deserializer<'de>>(d: D) -> Result<Map, D::Error> {
    d.deserialize_map(Others("status"))
}

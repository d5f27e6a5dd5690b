//! Objects whose kind stands in one of their fields.
//!
//! serde's own tagged enums buffer the whole object and lose it when its fields do not decode. Here
//! the raw text is kept until the kind is known and decoded, so nothing is ever lost. That reads
//! everything twice: who still has the text can try [`in_one_pass`] first.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::{CowStrDeserializer, MapAccessDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

thread_local! {
    /// serde has no way to hand this down to the types below.
    static ONE_PASS: Cell<bool> = const { Cell::new(false) };
}

/// Runs `decode`, in which an object of an unknown kind, or whose fields do not decode, is an error
/// and not an `Unknown`.
pub(super) fn in_one_pass<T>(decode: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            ONE_PASS.set(self.0);
        }
    }
    let _restore = Restore(ONE_PASS.replace(true));
    decode()
}

pub(super) fn is_in_one_pass() -> bool {
    ONE_PASS.get()
}

#[derive(Deserialize)]
pub(super) struct Text<'t>(#[serde(borrow)] pub(super) Cow<'t, str>);

/// What decodes by the kind it is told.
pub(super) trait OfKind<'t>: Sized {
    fn of_kind<D: Deserializer<'t>>(kind: &str, fields: D) -> Result<Self, D::Error>;
}

/// An object whose kind stands in field `.0`.
pub(super) struct Tagged<T>(&'static str, PhantomData<T>);

impl<T> Tagged<T> {
    pub(super) fn by(tag: &'static str) -> Self {
        Self(tag, PhantomData)
    }
}

impl<'t, T: OfKind<'t>> Visitor<'t> for Tagged<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut rest: A) -> Result<T, A::Error> {
        let mut first = Vec::new();
        while let Some(Text(name)) = rest.next_key()? {
            if name == self.0 {
                let Text(kind) = rest.next_value()?;
                let fields = Fields { first: first.into_iter(), value: None, rest };
                return T::of_kind(&kind, MapAccessDeserializer::new(fields));
            }
            first.push((name, rest.next_value()?));
        }
        Err(A::Error::missing_field(self.0))
    }
}

/// The fields of an object without its kind: those before it, then those behind it.
struct Fields<'t, A> {
    first: std::vec::IntoIter<(Cow<'t, str>, &'t RawValue)>,
    value: Option<&'t RawValue>,
    rest: A,
}

impl<'t, A: MapAccess<'t>> MapAccess<'t> for Fields<'t, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'t>>(
        &mut self,
        key: K,
    ) -> Result<Option<K::Value>, A::Error> {
        match self.first.next() {
            Some((name, value)) => {
                self.value = Some(value);
                key.deserialize(CowStrDeserializer::new(name)).map(Some)
            }
            None => self.rest.next_key_seed(key),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'t>>(&mut self, value: V) -> Result<V::Value, A::Error> {
        match self.value.take() {
            Some(first) => value.deserialize(first).map_err(A::Error::custom),
            None => self.rest.next_value_seed(value),
        }
    }
}

/// The way in and out of JSON for an enum with one field per variant (`Variant.field`, `.0` in a
/// tuple) and a variant `Unknown { raw: Value }`. The fields' types write their tag themselves.
macro_rules! tagged {
    ($name:ident by $tag:literal { $($wire:literal => $variant:ident . $field:tt),+ $(,)? }) => {
        impl<'de> $crate::server::types::tagged::OfKind<'de> for $name {
            fn of_kind<D: serde::Deserializer<'de>>(kind: &str, fields: D) -> Result<Self, D::Error> {
                match kind {
                    $($wire => serde::Deserialize::deserialize(fields)
                        .map(|value| Self::$variant { $field: value }),)+
                    _ => Err(serde::de::Error::custom("an unknown kind")),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                use $crate::server::types::tagged;

                if tagged::is_in_one_pass() {
                    return deserializer.deserialize_map(tagged::Tagged::by($tag));
                }
                let raw = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
                match serde::Deserializer::deserialize_map(&*raw, tagged::Tagged::by($tag)) {
                    Ok(known) => Ok(known),
                    Err(_) => serde_json::from_str(raw.get())
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

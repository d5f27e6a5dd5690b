//! Answers read leniently: an error says where in the JSON, and one odd item fails no list.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::{OpencodeError, Result};
use crate::model::Map;
use crate::server::surrogates::mended;

/// Reads JSON; `DECODE` with the path when it is not what was expected.
pub(super) fn decode<T: DeserializeOwned>(body: &[u8], what: &str) -> Result<T> {
    // The second reading, which tracks the path and is slower, is for errors only.
    serde_json::from_slice(body).or_else(|_| {
        let mended = mended(body);
        let body = mended.as_deref().unwrap_or(body);
        let mut reader = serde_json::Deserializer::from_slice(body);
        serde_path_to_error::deserialize(&mut reader)
            .map_err(|error| unreadable(what, &error.path().to_string(), error.inner(), body))
    })
}

fn unreadable(what: &str, path: &str, error: &serde_json::Error, body: &[u8]) -> OpencodeError {
    let (reason, hint) = match error.classify() {
        serde_json::error::Category::Eof if body.is_empty() => ("it is empty".to_owned(), None),
        serde_json::error::Category::Eof => {
            (format!("it ends too early ({error})"), Some("the server may have been stopped"))
        }
        _ => (error.to_string(), None),
    };
    OpencodeError::Decode {
        what: what.to_owned(),
        path: if path == "." { String::new() } else { path.to_owned() },
        reason,
        session_id: None,
        hint: hint.map(str::to_owned),
    }
}

/// A type whose unknown fields are kept, so that those it cannot read can be kept there, too.
pub(crate) trait Lenient: DeserializeOwned {
    fn extra(&mut self) -> &mut Map;
}

/// A list, of which each item is read for itself: fields that are not what this version expects
/// go to the unknown ones. Items that are nothing at all are left out, and logged.
pub(super) fn decode_list<'b, T: Lenient, R>(
    body: &'b [u8],
    what: &str,
    known: impl Fn(&'b RawValue) -> Option<R>,
    read: impl Fn(T) -> R,
) -> Result<Vec<R>> {
    let items: Vec<&RawValue> = match serde_json::from_slice(body) {
        Ok(items) => items,
        Err(_) => return Ok(decode::<Vec<T>>(body, what)?.into_iter().map(read).collect()),
    };
    let items = items.into_iter().enumerate();
    let item = |(position, item): (usize, &'b RawValue)| {
        known(item).or_else(|| decode_item(position, item.get(), what).map(&read))
    };
    Ok(items.filter_map(item).collect())
}

fn decode_item<T: Lenient>(position: usize, item: &str, what: &str) -> Option<T> {
    serde_json::from_str(item).ok().or_else(|| {
        let read = salvage(item);
        if read.is_none() {
            tracing::warn!(position, "an item of {what} cannot be read: {}", start(item));
        }
        read
    })
}

fn start(text: &str) -> String {
    text.chars().take(200).collect()
}

fn salvage<T: Lenient>(text: &str) -> Option<T> {
    let mended = mended(text.as_bytes());
    let text = mended.as_deref().unwrap_or(text.as_bytes());
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(text) else { return None };
    let mut odd = Map::new();
    loop {
        match serde_path_to_error::deserialize::<_, T>(&Value::Object(fields.clone())) {
            Ok(mut read) => {
                read.extra().extend(odd);
                return Some(read);
            }
            Err(error) => {
                let path = error.path().to_string();
                let field = path.split(['.', '[']).next()?;
                odd.insert(field.to_owned(), fields.shift_remove(field)?);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Thing {
        id: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
        #[serde(flatten)]
        extra: Map,
    }

    impl Lenient for Thing {
        fn extra(&mut self) -> &mut Map {
            &mut self.extra
        }
    }

    #[test]
    fn one_odd_item_fails_no_list_and_loses_nothing() {
        let list = json!([{"id": "a", "size": 1}, {"id": "b", "size": "huge", "new": []}, 7]);
        let list_of_all = list.to_string();
        let things: Vec<Thing> =
            decode_list(list_of_all.as_bytes(), "a list", |_| None, |thing| thing).unwrap();
        assert_eq!(things.len(), 2);
        assert_eq!(things[1].size, None);
        assert_eq!(serde_json::to_value(&things[1]).unwrap(), list[1]);
    }

    #[test]
    fn an_error_says_where() {
        let error = decode::<Vec<Thing>>(br#"[{"id":"a"},{"id":7}]"#, "the answer").unwrap_err();
        assert!(error.to_string().contains("[1].id"), "{error}");
        let cut = decode::<Vec<Thing>>(br#"[{"id":"a"},{"i"#, "the answer").unwrap_err();
        assert!(cut.to_string().contains("ends too early"), "{cut}");
    }
}

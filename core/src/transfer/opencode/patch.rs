//! What an original object has that the one made from a session has not.
//!
//! `Patch::between(made, original).onto(made) == original`. Laid on something made later, each
//! entry holds only where the value it was taken against is still the same: a changed value shows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::Map;

/// Objects taken as one value: half of an old one under a new one would be wrong.
const WHOLE: &[&str] = &["model"];
/// A text shorter than this may as well be kept.
const WORTH_SHARING: usize = 64;

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Patch {
    /// Was not made.
    #[serde(skip_serializing_if = "Map::is_empty")]
    add: Map,
    /// Was made, as this, and is not in the original.
    #[serde(skip_serializing_if = "Map::is_empty")]
    drop: Map,
    /// Was made as the first, and is the second.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    change: BTreeMap<String, (Value, Value)>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    within: BTreeMap<String, Self>,
    /// Was not made, and is the shared text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shared: Vec<String>,
}

impl Patch {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What makes `original` of `made`. A long text equal to `shared` is not kept again.
    pub(super) fn between(made: &Map, original: &Map, shared: Option<&str>) -> Self {
        let shared = shared.filter(|text| text.len() >= WORTH_SHARING);
        let mut patch = Self::default();
        for (key, is) in original {
            match made.get(key) {
                None if shared.is_some() && is.as_str() == shared => patch.shared.push(key.clone()),
                None => {
                    patch.add.insert(key.clone(), is.clone());
                }
                Some(was) if was == is => {}
                Some(Value::Object(was)) if is.is_object() && !WHOLE.contains(&key.as_str()) => {
                    if let Value::Object(is) = is {
                        patch.within.insert(key.clone(), Self::between(was, is, shared));
                    }
                }
                Some(was) => {
                    patch.change.insert(key.clone(), (was.clone(), is.clone()));
                }
            }
        }
        for (key, was) in made {
            if !original.contains_key(key) {
                patch.drop.insert(key.clone(), was.clone());
            }
        }
        patch
    }

    /// `made`, with what still holds of this.
    pub(super) fn onto(&self, mut made: Map, shared: Option<&str>) -> Map {
        for (key, was) in &self.drop {
            if made.get(key) == Some(was) {
                made.shift_remove(key);
            }
        }
        for (key, (was, is)) in &self.change {
            if let Some(value) = made.get_mut(key).filter(|value| *value == was) {
                *value = is.clone();
            }
        }
        for (key, patch) in &self.within {
            if let Some(Value::Object(inner)) = made.get_mut(key) {
                *inner = patch.onto(std::mem::take(inner), shared);
            }
        }
        for (key, is) in &self.add {
            if !made.contains_key(key) {
                made.insert(key.clone(), is.clone());
            }
        }
        for key in &self.shared {
            if let Some(text) = shared.filter(|_| !made.contains_key(key)) {
                made.insert(key.clone(), text.into());
            }
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: &Value) -> Map {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn a_patch_gives_the_original_back_and_lets_a_change_show() {
        let made = map(&json!({"a": 1, "b": {"c": 2, "d": 3}, "gone": 0, "odd": 5}));
        let original =
            map(&json!({"a": 1, "b": {"c": 2.5, "d": 3, "e": null}, "x": {}, "odd": "5"}));
        let patch = Patch::between(&made, &original, None);
        assert_eq!(patch.onto(made, None), original);

        let later = map(&json!({"a": 9, "b": {"c": 7, "d": 3}, "gone": 1, "odd": 5, "x": "new"}));
        let shown = patch.onto(later, None);
        let expected =
            json!({"a": 9, "b": {"c": 7, "d": 3, "e": null}, "gone": 1, "odd": "5", "x": "new"});
        assert_eq!(shown, map(&expected));
    }

    #[test]
    fn a_shared_text_is_not_kept_a_second_time() {
        let text = "line\n".repeat(100);
        let (made, original) = (Map::new(), map(&json!({"output": text, "exit": 0})));
        let patch = Patch::between(&made, &original, Some(&text));
        assert!(serde_json::to_string(&patch).expect("json").len() < 100);
        assert_eq!(patch.onto(made, Some(&text)), original);
    }
}

//! A range of messages that a model has summarised.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::PruneStrategy;
use crate::error::{OpencodeError, Result};
use crate::model::{Map, Time, new_message_id};

/// One entry of [`Session::compactions`](crate::Session): the messages from `first` to `last`
/// stay stored, and models are sent the summary for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compaction {
    pub id: String,
    /// The id of the first message it stands for.
    pub first: String,
    /// The id of the last one.
    pub last: String,
    pub summary: String,
    /// The name of the strategy that asked for it.
    #[serde(default)]
    pub strategy: String,
    /// Tokens of what was summarised.
    #[serde(default)]
    pub tokens_before: u64,
    /// Tokens of the summary.
    #[serde(default)]
    pub tokens_after: u64,
    #[serde(default = "Time::now")]
    pub at: Time,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Map,
}

impl Compaction {
    /// A new one, now, with a new id.
    pub fn new(
        first: impl Into<String>,
        last: impl Into<String>,
        summary: impl Into<String>,
        strategy: PruneStrategy,
        tokens_before: u64,
        tokens_after: u64,
    ) -> Self {
        Self {
            id: new_message_id().replacen("msg_", "cmp_", 1),
            first: first.into(),
            last: last.into(),
            summary: summary.into(),
            strategy: strategy.as_str().to_owned(),
            tokens_before,
            tokens_after,
            at: Time::now(),
            extra: Map::new(),
        }
    }

    /// From its JSON form; `INVALID_ARGUMENT` when it is not a compaction.
    pub fn from_value(value: &Value) -> Result<Self> {
        Self::deserialize(value)
            .map_err(|error| OpencodeError::invalid(format!("not a compaction: {error}")))
    }

    /// Its JSON form, as in a session file.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Those of a session that are compactions; what another version wrote is left alone.
    pub fn of_session(compactions: Option<&[Value]>) -> Vec<Self> {
        compactions.into_iter().flatten().filter_map(|c| Self::from_value(c).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_compaction_comes_back_from_its_file_with_what_is_not_known_of_it() {
        let made = Compaction::new("a", "b", "they met", PruneStrategy::Hybrid, 100, 3);
        let mut value = made.to_value();
        assert_eq!(value["strategy"], "hybrid");
        value["model"] = json!("small");
        let read = Compaction::from_value(&value).unwrap();
        assert_eq!(read.to_value(), value);
        assert_eq!(
            Compaction::from_value(&json!({})).unwrap_err().code().as_str(),
            "INVALID_ARGUMENT"
        );
        assert_eq!(Compaction::of_session(Some(&[json!(3), value])), [read]);
    }
}

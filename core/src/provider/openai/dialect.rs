//! What some servers that speak as OpenAI does want to hear otherwise.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::model::{Map, SessionMessage};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Plain,
    /// Wants each call back with its thought's signature.
    Google,
    /// Wants its thoughts back with the calls they led to.
    DeepSeek,
    /// Takes ids of nine letters and digits only.
    Mistral,
}

impl Dialect {
    pub(super) fn of(provider: &str, host: &str) -> Self {
        let known = [
            (Self::Google, "google", "googleapis.com"),
            (Self::DeepSeek, "deepseek", "deepseek.com"),
            (Self::Mistral, "mistral", "mistral.ai"),
        ];
        let speaks = |(_, name, domain): &&(Self, &str, &str)| {
            provider == *name || host == *domain || host.ends_with(&format!(".{domain}"))
        };
        known.iter().find(speaks).map_or(Self::Plain, |(dialect, ..)| *dialect)
    }

    /// A call's id, the same in its result.
    pub(super) fn id(self, id: &str) -> String {
        let is_fine = id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match self {
            Self::Mistral if !is_fine => {
                let hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes());
                hash.simple().to_string().chars().take(9).collect()
            }
            _ => id.to_owned(),
        }
    }

    /// What a call has beside its function.
    pub(super) fn extra(self, extra: Map) -> Map {
        if self == Self::Google { extra } else { Map::new() }
    }

    /// Fields of an answer that calls tools.
    pub(super) fn with_calls(self, message: &SessionMessage) -> Option<(&'static str, Value)> {
        let thoughts: Vec<&str> =
            message.reasoning.iter().flatten().map(|thought| &*thought.text).collect();
        (self == Self::DeepSeek && !thoughts.is_empty())
            .then(|| ("reasoning_content", json!(thoughts.join("\n"))))
    }
}

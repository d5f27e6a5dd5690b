//! Token and cost counts.

use serde::{Deserialize, Serialize};

use super::Map;
use crate::error::{OpencodeError, Result};

/// What one call to a model used. Tokens, and cost in the provider's currency.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenUse {
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_read: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_write: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub reasoning: u64,
    #[serde(skip_serializing_if = "is_free")]
    pub cost: f64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn is_free(cost: &f64) -> bool {
    *cost == 0.0
}

impl TokenUse {
    /// Adds what another request used.
    pub fn add(&mut self, more: &Self) {
        let sum = u64::saturating_add;
        self.prompt_tokens = sum(self.prompt_tokens, more.prompt_tokens);
        self.completion_tokens = sum(self.completion_tokens, more.completion_tokens);
        self.cache_read = sum(self.cache_read, more.cache_read);
        self.cache_write = sum(self.cache_write, more.cache_write);
        self.reasoning = sum(self.reasoning, more.reasoning);
        self.cost += more.cost;
    }
}

/// What a whole session used, by kind.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    pub input: u64,
    pub output: u64,
    pub reasoning: u64,
    pub cache_read: u64,
    pub cache_write: u64,
    pub cost: f64,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Map,
}

impl Usage {
    pub(crate) fn add(&mut self, more: &TokenUse) -> Result<()> {
        let sum = |a: u64, b: u64| {
            a.checked_add(b).ok_or_else(|| OpencodeError::invalid("a token count overflows"))
        };
        let cost = self.cost + more.cost;
        if !cost.is_finite() || more.cost < 0.0 {
            return Err(OpencodeError::invalid("cost is a finite number, 0 or more"));
        }
        *self = Self {
            input: sum(self.input, more.prompt_tokens)?,
            output: sum(self.output, more.completion_tokens)?,
            reasoning: sum(self.reasoning, more.reasoning)?,
            cache_read: sum(self.cache_read, more.cache_read)?,
            cache_write: sum(self.cache_write, more.cache_write)?,
            cost,
            extra: std::mem::take(&mut self.extra),
        };
        Ok(())
    }
}

//! How large the window is, and what is done when it is full.

use std::fmt;

use crate::defaults;
use crate::error::{OpencodeError, Result};

/// What is done when the context window is full. None of it alters the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PruneStrategy {
    /// Whole turns are left out, oldest first.
    #[default]
    SlidingWindow,
    /// Old tool results are replaced by a note; where that is not enough, as `SlidingWindow`.
    ToolResults,
    /// A model summarises the oldest; where that does not help, as `SlidingWindow`.
    Summarize,
    /// `ToolResults`, then `Summarize`.
    Hybrid,
}

impl PruneStrategy {
    const ALL: [Self; 4] = [Self::SlidingWindow, Self::ToolResults, Self::Summarize, Self::Hybrid];

    /// Its name: `sliding-window`, `tool-results`, `summarize` or `hybrid`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SlidingWindow => "sliding-window",
            Self::ToolResults => "tool-results",
            Self::Summarize => "summarize",
            Self::Hybrid => "hybrid",
        }
    }

    /// The strategy of this name; `INVALID_ARGUMENT` with the names for another.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.as_str() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            OpencodeError::invalid(format!(
                "unknown prune strategy {name:?}; the strategies are {names}"
            ))
        })
    }

    pub(super) fn clears_results(self) -> bool {
        matches!(self, Self::ToolResults | Self::Hybrid)
    }

    pub(super) fn summarizes(self) -> bool {
        matches!(self, Self::Summarize | Self::Hybrid)
    }
}

impl fmt::Display for PruneStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A model's context window and how it is kept from overflowing. Sizes are tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// All of it: what is sent and the answer, together.
    pub max: u64,
    /// What is kept free for the answer.
    pub reserve: u64,
    /// What is sent is pruned once it and the reserve fill this share of `max`.
    pub threshold: f64,
    pub strategy: PruneStrategy,
}

impl Window {
    /// A window of this size with the defaults.
    pub fn new(max: u64) -> Self {
        Self {
            max,
            reserve: defaults::ANSWER_RESERVE.min(max / 4),
            threshold: defaults::PRUNE_THRESHOLD,
            strategy: PruneStrategy::default(),
        }
    }

    /// `INVALID_ARGUMENT` unless the threshold is above 0 and at most 1, and the reserve leaves
    /// room below it.
    pub fn check(&self) -> Result<()> {
        let threshold = self.threshold;
        if !(threshold > 0.0 && threshold <= 1.0) {
            return Err(OpencodeError::invalid(format!(
                "the prune threshold is above 0 and at most 1, not {threshold}"
            )));
        }
        if self.budget() == 0 {
            return Err(OpencodeError::invalid_with_hint(
                format!(
                    "a context window of {} tokens, pruned at {threshold} of it, leaves no room \
                     beside the {} reserved for the answer",
                    self.max, self.reserve
                ),
                "take a larger context window, or a smaller max_tokens",
            ));
        }
        Ok(())
    }

    /// What can be sent.
    pub(super) fn limit(&self) -> u64 {
        self.max.saturating_sub(self.reserve)
    }

    /// What is sent without pruning.
    pub(super) fn budget(&self) -> u64 {
        ((self.max as f64 * self.threshold) as u64).min(self.max).saturating_sub(self.reserve)
    }

    /// What pruning leaves, where it can.
    pub(super) fn target(&self) -> u64 {
        (self.budget() as f64 * defaults::PRUNE_TO) as u64
    }

    /// The longest useful summary.
    pub(super) fn summary_room(&self) -> u64 {
        (self.budget() / 8).clamp(1, defaults::SUMMARY_TOKENS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strategy_is_found_by_its_name_and_a_wrong_name_lists_them() {
        for strategy in PruneStrategy::ALL {
            assert_eq!(PruneStrategy::parse(strategy.as_str()).unwrap(), strategy);
        }
        let error = PruneStrategy::parse("fifo").unwrap_err();
        assert_eq!(error.code().as_str(), "INVALID_ARGUMENT");
        let message = error.to_string();
        assert!(message.contains("sliding-window, tool-results, summarize, hybrid"), "{message}");
    }

    #[test]
    fn a_window_without_room_or_with_an_odd_threshold_is_refused() {
        let window = Window::new(200_000);
        assert!(window.check().is_ok());
        assert!(Window::new(16).check().is_ok());
        for threshold in [0.0, -0.1, 1.01, f64::NAN, f64::INFINITY] {
            assert!(Window { threshold, ..window }.check().is_err(), "{threshold}");
        }
        for reserve in [180_000, 200_000, u64::MAX] {
            assert!(Window { reserve, ..window }.check().is_err(), "{reserve}");
        }
        assert!(Window::new(0).check().is_err());
        assert!(Window { max: u64::MAX, ..window }.check().is_ok());
    }
}

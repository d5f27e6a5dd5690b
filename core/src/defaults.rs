//! The defaults, in one place: docs and every language show these numbers.

use std::time::Duration;

/// Between two auto-saves.
pub const AUTO_SAVE_INTERVAL: Duration = Duration::from_secs(60);
/// Up to so many sessions `index.json` is rewritten whenever a session is closed; beyond, on
/// request.
pub const PUBLISH_LIMIT: u64 = 10_000;

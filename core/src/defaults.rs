//! The defaults, in one place: the documentation and every language show these numbers.

use std::time::Duration;

/// Between two auto-saves.
pub const AUTO_SAVE_INTERVAL: Duration = Duration::from_secs(60);

/// Up to so many sessions `index.json` is rewritten whenever a session is closed; beyond, on
/// request.
pub const PUBLISH_LIMIT: u64 = 10_000;

/// How long a shell hook may run before its process group is ended.
pub const HOOK_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a shell hook that ran out of time may take to end after SIGTERM, before SIGKILL.
pub const HOOK_STOP_GRACE: Duration = Duration::from_secs(1);

/// How much of a shell hook's output is kept, in bytes, for stdout and stderr each.
pub const HOOK_OUTPUT_CAP: usize = 30_000;

//! When a request is repeated, and after how long.

use std::time::Duration;

use crate::defaults::{RETRY_CAP, RETRY_FIRST};
use crate::error::OpencodeError;

/// Whether the same request can go better the next time.
pub(super) fn helps(failed: &OpencodeError) -> bool {
    match failed {
        OpencodeError::Connection { .. } => true,
        OpencodeError::Api { status, .. } => matches!(status, Some(429 | 502..=504)),
        _ => false,
    }
}

/// The wait before the `attempt`th repetition: what the server asks for, else doubling, with
/// jitter, so that many clients do not come back at once. `None` when the server asks for more
/// than a caller would wait unawares: that is the caller's to decide.
pub(crate) fn wait(attempt: u32, asked: Option<Duration>) -> Option<Duration> {
    match asked {
        Some(asked) => (asked <= RETRY_CAP).then_some(asked),
        None => Some(backoff(attempt, RETRY_FIRST, RETRY_CAP)),
    }
}

fn backoff(attempt: u32, first: Duration, cap: Duration) -> Duration {
    let doubled = first.saturating_mul(1 << attempt.saturating_sub(1).min(16));
    doubled.min(cap).mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_and_what_the_server_asks_for_comes_first_unless_it_is_long() {
        for attempt in 1..40 {
            let full = RETRY_FIRST.saturating_mul(1 << (attempt - 1).min(16)).min(RETRY_CAP);
            let wait = wait(attempt, None).unwrap();
            assert!(wait >= full / 2 && wait <= full, "{attempt}: {wait:?}");
        }
        assert_eq!(wait(1, Some(Duration::from_secs(7))), Some(Duration::from_secs(7)));
        assert_eq!(wait(1, Some(Duration::from_secs(7_000))), None);
    }
}

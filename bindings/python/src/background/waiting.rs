//! Waiting for the core on a Python thread: the one place that blocks.

use std::pin::pin;
use std::time::Duration;

use pyo3::prelude::*;

use super::background;
use crate::errors::Outcome;
use crate::gil;

/// Signals are looked at so often.
const LOOK: Duration = Duration::from_millis(200);

/// Waits at the interpreter's end, but no longer than that; `None` when it was longer.
pub(crate) fn at_most<T: Send>(
    py: Python<'_>,
    time: Duration,
    work: impl Future<Output = T> + Send,
) -> Option<T> {
    let runtime = &background().ok()?.runtime;
    gil::unlocked(py, || {
        let work = async { tokio::time::timeout(time, work).await };
        #[expect(clippy::disallowed_methods, reason = "this is the one helper")]
        runtime.block_on(work).ok()
    })
}

/// Waits without the interpreter's lock. What a signal handler raises (Ctrl-C) ends the wait and
/// drops the work.
pub(crate) fn wait<T: Send>(
    py: Python<'_>,
    work: impl Future<Output = opencode_sessions::Result<T>> + Send,
) -> Outcome<T> {
    let runtime = &background()?.runtime;
    let mut work = pin!(work);
    loop {
        let step = gil::unlocked(py, || {
            let step = async { tokio::time::timeout(LOOK, work.as_mut()).await };
            #[expect(clippy::disallowed_methods, reason = "this is the one helper")]
            runtime.block_on(step)
        });
        match step {
            Ok(done) => return Ok(done?),
            Err(_) => py.check_signals()?,
        }
    }
}

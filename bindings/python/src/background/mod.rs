//! The one tokio runtime of the process, and how Python waits for what runs on it. It is never
//! dropped; a forked child makes its own.
//!
//! | file | holds |
//! |---|---|
//! | `waiting`, `awaiting` | a thread that waits, and an asyncio loop that does |
//! | `of_process` | what a fork leaves of it |

mod awaiting;
mod of_process;
mod waiting;

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use arc_swap::ArcSwapOption;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Runtime};

use self::awaiting::carry;
pub(crate) use self::awaiting::{GiveBack, Parcel, Payload, awaitable, forget, is_courier};
pub(crate) use self::of_process::OfProcess;
pub(crate) use self::waiting::{at_most, wait};

/// What runs in the background of a process.
pub(crate) struct Background {
    process: u32,
    pub(crate) runtime: Runtime,
    /// Takes results to the event loops that wait for them, and what happened to who listens.
    pub(crate) courier: Sender<Parcel>,
}

/// That of this process, or of the parent before a fork. Without a lock: a fork could leave it
/// locked for ever.
static BACKGROUND: ArcSwapOption<&'static Background> = ArcSwapOption::const_empty();

/// This process's background; made on the first use.
pub(crate) fn background() -> PyResult<&'static Background> {
    let known = BACKGROUND.load_full();
    if let Some(background) = known.as_deref()
        && background.process == std::process::id()
    {
        return Ok(background);
    }
    let made: &'static Background = Box::leak(Box::new(make()?));
    let before = BACKGROUND.compare_and_swap(&known, Some(Arc::new(made)));
    match (before.as_deref(), known.as_deref()) {
        // Another thread was quicker; what was made here stays idle.
        (Some(quicker), before)
            if !before.is_some_and(|before| std::ptr::eq(*before, *quicker)) =>
        {
            Ok(quicker)
        }
        _ => Ok(made),
    }
}

fn make() -> PyResult<Background> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("opencode-sessions")
        .enable_all()
        .build()?;
    let (courier, arrivals) = channel();
    let thread = std::thread::Builder::new().name("opencode-sessions courier".into());
    thread.spawn(move || carry(&arrivals))?;
    Ok(Background { process: std::process::id(), runtime, courier })
}

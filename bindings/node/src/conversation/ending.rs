//! What is open when a thread of JavaScript ends: it is closed, and what was said is stored.

use std::cell::Cell;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{self, ThreadId};

use futures_util::FutureExt;
use napi::Env;
use napi::bindgen_prelude::block_on;
use napi_derive::napi;
use opencode_sessions::conversation::Conversation;

use super::home::Home;

struct Open {
    conversation: Weak<Conversation>,
    home: Weak<Home>,
    thread: ThreadId,
}

/// Every conversation there is.
static ALL: Mutex<Vec<Open>> = Mutex::new(Vec::new());

/// Remembers a conversation of a thread of JavaScript.
pub(super) fn remember(conversation: &Arc<Conversation>, home: &Arc<Home>) {
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|open| open.conversation.strong_count() > 0);
    all.push(Open {
        conversation: Arc::downgrade(conversation),
        home: Arc::downgrade(home),
        thread: home.thread(),
    });
}

thread_local! {
    static IS_WATCHED: Cell<bool> = const { Cell::new(false) };
}

/// Closes the conversations of this thread also when it is ended from outside.
pub(super) fn watch(env: Env, home: &Home) -> napi::Result<()> {
    if !IS_WATCHED.replace(true) {
        env.add_env_cleanup_hook(home.thread(), close_all)?;
    }
    Ok(())
}

/// Closes the conversations of this thread, which is about to end. A turn that runs is ended, and
/// what it said is stored as interrupted.
#[napi]
pub(crate) fn close_conversations() {
    close_all(thread::current().id());
}

fn close_all(thread: ThreadId) {
    let all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    let open: Vec<_> = all
        .iter()
        .filter(|open| open.thread == thread)
        .filter_map(|open| Some((open.conversation.upgrade()?, open.home.upgrade())))
        .collect();
    drop(all);
    let _waiting: Vec<_> =
        open.iter().flat_map(|(_, home)| home).map(|home| home.waiting()).collect();
    // All at once: each may have a turn to end.
    for (conversation, _) in &open {
        // Told by `closed`.
        let _ = conversation.close();
    }
    for (conversation, _) in &open {
        let mut closed = Box::pin(conversation.closed());
        // Most are: those need no runtime, which may be gone. There is nobody left to tell.
        if (&mut closed).now_or_never().is_none() {
            let _ = block_on(closed);
        }
    }
}

//! Conversations for a server: handed out by id to one owner at a time; those that nobody has had
//! for a while are saved and closed.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::inner::blocking;
use super::live::Conversation;
use super::options::ConversationOptions;
use crate::error::{OpencodeError, Result};

/// Holds at most so many conversations open. Clones are the same pool.
#[derive(Debug, Clone)]
pub struct SessionPool {
    shared: Arc<Shared>,
}

/// A conversation that its owner alone has, until this is dropped.
#[derive(Debug)]
pub struct Lent {
    conversation: Conversation,
    id: String,
    pool: Arc<Shared>,
    _alone: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct Shared {
    capacity: usize,
    idle: Duration,
    options: ConversationOptions,
    state: Mutex<State>,
    /// A place may have become free.
    freed: Notify,
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<String, Entry>,
    /// Places taken, by conversations that are open or about to be.
    taken: usize,
    is_closed: bool,
    /// Whether somebody looks after those that are idle.
    is_tidied: bool,
}

#[derive(Debug)]
struct Entry {
    /// One permit: the owner's.
    alone: Arc<Semaphore>,
    open: Option<Conversation>,
    used_at: Instant,
}

impl SessionPool {
    /// A pool of `capacity` conversations that are made with `options`, whose `session_id` is
    /// given later. One that nobody has had for `idle` is saved and closed.
    /// `INVALID_ARGUMENT` for a pool without a place.
    pub fn new(capacity: usize, idle: Duration, options: ConversationOptions) -> Result<Self> {
        if capacity == 0 || idle.is_zero() {
            return Err(OpencodeError::invalid("a pool needs a capacity and an idle time above 0"));
        }
        options.check()?;
        Ok(Self {
            shared: Arc::new(Shared {
                capacity,
                idle,
                options,
                state: Mutex::default(),
                freed: Notify::new(),
            }),
        })
    }

    /// The conversation of this id, made if there is none. Waits while somebody else has it, or
    /// while all places are taken by owners.
    pub async fn acquire(&self, id: &str) -> Result<Lent> {
        let shared = &self.shared;
        if !std::mem::replace(&mut shared.state().is_tidied, true) {
            tokio::spawn(Shared::tidy(Arc::downgrade(shared), shared.idle));
        }
        let alone = shared.entry(id)?.acquire_owned().await;
        let alone = alone.map_err(|_| closed())?;
        let open = shared.state().entries.get(id).and_then(|entry| entry.open.clone());
        let conversation = match open {
            Some(open) => open,
            None => {
                shared.place().await?;
                let options = ConversationOptions {
                    session_id: Some(id.to_owned()),
                    ..shared.options.clone()
                };
                let opened = blocking(move || Conversation::create(options)).await;
                let mut state = shared.state();
                match opened {
                    Ok(conversation) => {
                        if let Some(entry) = state.entries.get_mut(id) {
                            entry.open = Some(conversation.clone());
                        }
                        conversation
                    }
                    Err(error) => {
                        state.taken -= 1;
                        drop(state);
                        shared.freed.notify_one();
                        return Err(error);
                    }
                }
            }
        };
        Ok(Lent { conversation, id: id.to_owned(), pool: Arc::clone(shared), _alone: alone })
    }

    /// How many conversations are open.
    pub fn len(&self) -> usize {
        self.shared.state().taken
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Saves and closes all conversations, each when its owner gives it back. Nothing is handed
    /// out any more.
    pub async fn close(&self) -> Result<()> {
        self.shared.state().is_closed = true;
        let ids: Vec<String> = self.shared.state().entries.keys().cloned().collect();
        let mut failed = None;
        for id in ids {
            let Some(alone) =
                self.shared.state().entries.get(&id).map(|entry| Arc::clone(&entry.alone))
            else {
                continue;
            };
            if let Ok(permit) = alone.clone().acquire_owned().await {
                failed = self.shared.shut(&id, permit).await.err().or(failed);
            }
            alone.close();
        }
        failed.map_or(Ok(()), Err)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the owner of this id holds alone.
    fn entry(&self, id: &str) -> Result<Arc<Semaphore>> {
        let mut state = self.state();
        if state.is_closed {
            return Err(closed());
        }
        let entry = state.entries.entry(id.to_owned()).or_insert_with(|| Entry {
            alone: Arc::new(Semaphore::new(1)),
            open: None,
            used_at: Instant::now(),
        });
        Ok(Arc::clone(&entry.alone))
    }

    /// Takes a place, of the conversation that nobody has had for longest if there is no other.
    async fn place(self: &Arc<Self>) -> Result<()> {
        loop {
            let freed = self.freed.notified();
            {
                let mut state = self.state();
                if state.is_closed {
                    return Err(closed());
                }
                if state.taken < self.capacity {
                    state.taken += 1;
                    return Ok(());
                }
            }
            match self.oldest_idle() {
                Some((id, permit)) => self.shut(&id, permit).await?,
                None => freed.await,
            }
        }
    }

    fn oldest_idle(&self) -> Option<(String, OwnedSemaphorePermit)> {
        let state = self.state();
        let mut idle: Vec<_> = state
            .entries
            .iter()
            .filter(|(_, entry)| entry.open.as_ref().is_some_and(|open| !open.is_in_turn()))
            .collect();
        idle.sort_by_key(|(_, entry)| entry.used_at);
        idle.into_iter().find_map(|(id, entry)| {
            let permit = Arc::clone(&entry.alone).try_acquire_owned().ok()?;
            Some((id.clone(), permit))
        })
    }

    /// Saves and closes a conversation that nobody has.
    async fn shut(self: &Arc<Self>, id: &str, _alone: OwnedSemaphorePermit) -> Result<()> {
        let open = self.state().entries.get_mut(id).and_then(|entry| entry.open.take());
        let Some(conversation) = open else { return Ok(()) };
        let done = blocking(move || conversation.save().and_then(|()| conversation.close())).await;
        self.state().taken -= 1;
        self.freed.notify_one();
        done
    }

    /// Closes what nobody has had for the idle time, now and whenever the next is due.
    async fn tidy(pool: Weak<Self>, idle: Duration) {
        loop {
            tokio::time::sleep(idle).await;
            let Some(shared) = pool.upgrade() else { return };
            while let Some((id, permit)) = shared.oldest_idle().filter(|(id, _)| {
                shared.state().entries.get(id).is_some_and(|entry| entry.used_at.elapsed() >= idle)
            }) {
                if let Err(error) = shared.shut(&id, permit).await {
                    tracing::error!(session = id, %error, "an idle conversation was not closed well");
                }
            }
            let mut state = shared.state();
            state
                .entries
                .retain(|_, entry| entry.open.is_some() || Arc::strong_count(&entry.alone) > 1);
            if state.entries.is_empty() {
                state.is_tidied = false;
                return;
            }
        }
    }
}

impl Deref for Lent {
    type Target = Conversation;

    fn deref(&self) -> &Conversation {
        &self.conversation
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(entry) = self.pool.state().entries.get_mut(&self.id) {
            entry.used_at = Instant::now();
        }
        self.pool.freed.notify_one();
    }
}

fn closed() -> OpencodeError {
    OpencodeError::invalid_with_hint("the pool is closed", "make another one")
}

//! Conversations for a server: handed out by id to one owner at a time; those that nobody has had
//! for a while are saved and closed.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
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
    /// Given up before others are told.
    alone: Option<OwnedSemaphorePermit>,
}

#[derive(Debug)]
struct Shared {
    capacity: usize,
    idle: Duration,
    options: ConversationOptions,
    state: Mutex<State>,
    /// Places that conversations have which are open, or about to be.
    taken: AtomicUsize,
    /// A place may have become free.
    freed: Notify,
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<String, Entry>,
    is_closed: bool,
    /// Whether somebody looks after those that are idle.
    is_tidied: bool,
}

#[derive(Debug)]
struct Entry {
    /// One permit: the owner's.
    alone: Arc<Semaphore>,
    open: Option<(Conversation, Place)>,
    used_at: Instant,
}

/// Room for one conversation; free for another when this is dropped.
#[derive(Debug)]
struct Place(Weak<Shared>);

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(pool) = self.0.upgrade() {
            pool.taken.fetch_sub(1, Ordering::SeqCst);
            pool.freed.notify_one();
        }
    }
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
                taken: AtomicUsize::new(0),
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
        let conversation = match shared.open(id) {
            Some(open) => open,
            None => {
                let place = shared.place().await?;
                let options = ConversationOptions {
                    session_id: Some(id.to_owned()),
                    ..shared.options.clone()
                };
                let conversation = blocking(move || Conversation::create(options)).await?;
                if let Some(entry) = shared.state().entries.get_mut(id) {
                    entry.open = Some((conversation.clone(), place));
                }
                conversation
            }
        };
        Ok(Lent { conversation, id: id.to_owned(), pool: Arc::clone(shared), alone: Some(alone) })
    }

    /// How many conversations are open.
    pub fn len(&self) -> usize {
        self.shared.taken.load(Ordering::SeqCst)
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Saves and closes all conversations, each when its owner gives it back and its turn is over.
    /// Nothing is handed out any more.
    pub async fn close(&self) -> Result<()> {
        self.shared.state().is_closed = true;
        // Who waits for a place holds what this waits for below.
        self.shared.freed.notify_waiters();
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

    /// The conversation of this id, if it is open.
    fn open(&self, id: &str) -> Option<Conversation> {
        let mut state = self.state();
        let open = &mut state.entries.get_mut(id)?.open;
        // Its owner may have closed it.
        let left = open.take_if(|(conversation, _)| conversation.is_closed());
        let conversation = open.as_ref().map(|(conversation, _)| conversation.clone());
        drop(state);
        drop(left);
        conversation
    }

    /// Takes a place, of the conversation that nobody has had for longest if there is no other.
    async fn place(self: &Arc<Self>) -> Result<Place> {
        loop {
            let freed = self.freed.notified();
            if self.state().is_closed {
                return Err(closed());
            }
            let taken = self.taken.try_update(Ordering::SeqCst, Ordering::SeqCst, |taken| {
                (taken < self.capacity).then_some(taken + 1)
            });
            if taken.is_ok() {
                return Ok(Place(Arc::downgrade(self)));
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
            .filter(|(_, entry)| entry.open.as_ref().is_some_and(|(open, _)| !open.is_in_turn()))
            .collect();
        idle.sort_by_key(|(_, entry)| entry.used_at);
        idle.into_iter().find_map(|(id, entry)| {
            let permit = Arc::clone(&entry.alone).try_acquire_owned().ok()?;
            Some((id.clone(), permit))
        })
    }

    /// Saves and closes a conversation that nobody has, also when nobody waits for that any more.
    async fn shut(&self, id: &str, alone: OwnedSemaphorePermit) -> Result<()> {
        let open = self.state().entries.get_mut(id).and_then(|entry| entry.open.take());
        let Some((conversation, place)) = open else { return Ok(()) };
        let shut = tokio::spawn(async move {
            let turn = conversation.inner.turns.lock().await;
            let closing = conversation.clone();
            let shut = blocking(move || {
                let saved = if closing.is_closed() { Ok(()) } else { closing.save() };
                closing.close().and(saved)
            });
            let shut = shut.await;
            drop((turn, place, alone));
            shut
        });
        shut.await.unwrap_or_else(|_| Err(OpencodeError::invalid("the runtime is ending")))
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
        self.alone = None;
        self.pool.freed.notify_one();
        if self.conversation.is_in_turn()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let (conversation, pool) = (self.conversation.clone(), Arc::clone(&self.pool));
            runtime.spawn(async move {
                drop(conversation.inner.turns.lock().await);
                pool.freed.notify_one();
            });
        }
    }
}

fn closed() -> OpencodeError {
    OpencodeError::invalid_with_hint("the pool is closed", "make another one")
}

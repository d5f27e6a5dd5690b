//! Pools: conversations that are handed out by id.

use std::sync::{Arc, Mutex, PoisonError};

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use opencode_sessions::conversation::{Conversation, Lent, SessionPool};
use tokio::runtime::Handle;

use super::home::Home;
use super::live::NativeConversation;
use super::options::NativeOptions;
use crate::arguments::seconds;
use crate::calls::{here, promise};

/// A pool of the core.
#[napi]
pub struct NativePool {
    pool: SessionPool,
    home: Arc<Home>,
}

#[napi]
impl NativePool {
    #[napi(constructor)]
    pub fn new(capacity: u32, idle_seconds: f64, options: &NativeOptions) -> napi::Result<Self> {
        here(|| {
            let idle = seconds(idle_seconds, "idleSeconds")?;
            let pool = SessionPool::new(capacity as usize, idle, options.options.clone())?;
            Ok(Self { pool, home: Arc::clone(&options.home) })
        })
    }

    /// Waits for the conversation of this id, and for a place.
    #[napi]
    pub fn acquire<'env>(
        &self,
        env: &'env Env,
        id: String,
    ) -> napi::Result<PromiseRaw<'env, NativeLent>> {
        let (pool, home) = (self.pool.clone(), Arc::clone(&self.home));
        promise(env, async move {
            let lent = pool.acquire(&id).await?;
            let conversation = NativeConversation::of(Conversation::clone(&lent), &home);
            Ok(NativeLent {
                lent: Mutex::new(Some(lent)),
                runtime: Handle::current(),
                conversation: Mutex::new(Some(conversation)),
            })
        })
    }

    #[napi(getter)]
    pub fn size(&self) -> u32 {
        self.pool.len().try_into().unwrap_or(u32::MAX)
    }

    #[napi]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let pool = self.pool.clone();
        promise(env, async move { pool.close().await })
    }
}

/// A conversation that is lent until it is given back.
#[napi]
pub struct NativeLent {
    lent: Mutex<Option<Lent>>,
    /// Kept: objects are let go of when the runtime is gone, too.
    runtime: Handle,
    conversation: Mutex<Option<NativeConversation>>,
}

#[napi]
impl NativeLent {
    /// What is lent, once.
    #[napi]
    pub fn conversation(&self) -> Option<NativeConversation> {
        self.conversation.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Gives it back.
    #[napi]
    pub fn give_back(&self) {
        let lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Where its pool can wait for a turn that still runs.
        let _on = self.runtime.enter();
        drop(lent);
    }
}

impl Drop for NativeLent {
    fn drop(&mut self) {
        self.give_back();
    }
}

//! A turn's answer.

use std::sync::Arc;

use futures_util::future::{FutureExt, Shared};
use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use opencode_sessions::conversation::{HistoryMessage, Reader, ResponseStream};
use serde_json::json;
use tokio::sync::oneshot;

use super::home::Home;
use crate::calls::promise;
use crate::text;

/// A turn as it is read. Every text is JSON.
#[napi]
pub struct NativeResponse {
    reader: Reader,
    home: Arc<Home>,
    /// The turn has told everything.
    over: Shared<oneshot::Receiver<()>>,
}

impl NativeResponse {
    pub(super) fn new(
        stream: &ResponseStream,
        home: &Arc<Home>,
        over: oneshot::Receiver<()>,
    ) -> Self {
        Self { reader: stream.reader(), home: Arc::clone(home), over: over.shared() }
    }
}

#[napi]
impl NativeResponse {
    /// Waits for the turn's end, and until who listens has heard of it.
    #[napi]
    pub fn result<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, String>> {
        let (reader, home) = (self.reader.clone(), Arc::clone(&self.home));
        promise(env, async move {
            let answer = reader.result().await;
            home.flush().await;
            let answer = answer?;
            text::write(&json!({
                "message": HistoryMessage::from(&*answer.message),
                "usage": answer.usage,
                "summary": answer.summary,
            }))
        })
    }

    /// Waits until the turn is over, however it ended, and counts as nobody who heard of it.
    #[napi]
    pub fn settle<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let (over, home) = (self.over.clone(), Arc::clone(&self.home));
        promise(env, async move {
            // Dropped, and so an error: that is the sign.
            let _ = over.await;
            home.flush().await;
            Ok(())
        })
    }

    /// A reader, from the beginning. One that is `quiet` does not count as somebody who hears of a
    /// failure.
    #[napi]
    pub fn reader(&self, quiet: bool) -> NativeReader {
        let reader = self.reader.again();
        let reader = if quiet { reader.quiet() } else { reader };
        NativeReader { reader, home: Arc::clone(&self.home) }
    }

    /// From now on somebody hears of a failure.
    #[napi]
    pub fn hear(&self) {
        self.reader.hear();
    }

    /// Ends the turn early.
    #[napi]
    pub fn end(&self) {
        self.reader.end();
    }

    #[napi(getter)]
    pub fn is_over(&self) -> bool {
        self.reader.is_over()
    }
}

/// One who reads a turn, from its beginning.
#[napi]
pub struct NativeReader {
    reader: Reader,
    home: Arc<Home>,
}

#[napi]
impl NativeReader {
    /// The next chunk, or nothing at the end, when who listens has heard of it.
    #[napi]
    pub fn next<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Option<String>>> {
        let (reader, home) = (self.reader.clone(), Arc::clone(&self.home));
        promise(env, async move {
            let next = reader.next().await;
            if !matches!(next, Some(Ok(_))) {
                home.flush().await;
            }
            next.map(|chunk| chunk.and_then(|chunk| text::write(&chunk))).transpose()
        })
    }
}

//! JavaScript functions that answer what turns ask for.
//!
//! They are called on JavaScript's thread with the request as JSON and an object that takes the
//! answer. They do not keep the process alive. Who lets the object go without an answer says no.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use napi::bindgen_prelude::{FnArgs, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use opencode_sessions::server::{
    PermissionAnswer, PermissionHandler, QuestionAnswer, QuestionHandler,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use crate::calls::{here, read};
use crate::text;

/// What a handler is called with.
pub(super) type Asked = FnArgs<(String, NativeHandlerReply)>;

type Asking = ThreadsafeFunction<Asked, (), Asked, napi::Status, false, true>;

/// Takes the answer to one request.
#[napi]
pub struct NativeHandlerReply {
    answered: Answered,
}

enum Answered {
    Permission(Waiting<PermissionAnswer>),
    Question(Waiting<QuestionAnswer>),
}

/// Who waits for an answer, until it is given.
type Waiting<A> = Mutex<Option<oneshot::Sender<A>>>;

#[napi]
impl NativeHandlerReply {
    /// Answers, as JSON; throws for what is no answer. Only the first answer counts.
    #[napi]
    pub fn answer(&self, answer: String) -> napi::Result<()> {
        match &self.answered {
            Answered::Permission(waiting) => give(waiting, &answer),
            Answered::Question(waiting) => give(waiting, &answer),
        }
    }

    /// Gives no answer, which means no.
    #[napi]
    pub fn refuse(&self) {
        match &self.answered {
            Answered::Permission(waiting) => drop(taken(waiting)),
            Answered::Question(waiting) => drop(taken(waiting)),
        }
    }
}

fn give<A: DeserializeOwned>(waiting: &Waiting<A>, answer: &str) -> napi::Result<()> {
    let answer = here(|| read(answer))?;
    if let Some(waiting) = taken(waiting) {
        // Nobody waits any more when it took too long.
        let _ = waiting.send(answer);
    }
    Ok(())
}

fn taken<A>(waiting: &Waiting<A>) -> Option<oneshot::Sender<A>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).take()
}

pub(super) fn permission(
    function: &Function<'_, Asked, ()>,
    timeout: Option<Duration>,
) -> napi::Result<PermissionHandler> {
    let asking = Arc::new(weak(function)?);
    let handler = PermissionHandler::new(move |request| {
        let answer = ask(&asking, &request, Answered::Permission);
        async move { answer.await.unwrap_or(PermissionAnswer::Reject(None)) }
    });
    Ok(match timeout {
        Some(timeout) => handler.timeout(timeout),
        None => handler,
    })
}

pub(super) fn question(
    function: &Function<'_, Asked, ()>,
    timeout: Option<Duration>,
) -> napi::Result<QuestionHandler> {
    let asking = Arc::new(weak(function)?);
    let handler = QuestionHandler::new(move |request| {
        let answer = ask(&asking, &request, Answered::Question);
        async move { answer.await.unwrap_or(QuestionAnswer::Reject) }
    });
    Ok(match timeout {
        Some(timeout) => handler.timeout(timeout),
        None => handler,
    })
}

fn weak(function: &Function<'_, Asked, ()>) -> napi::Result<Asking> {
    function.build_threadsafe_function::<Asked>().callee_handled::<false>().weak::<true>().build()
}

/// Calls the function; the receiver fails when it says no.
fn ask<A>(
    asking: &Asking,
    request: &impl Serialize,
    answered: fn(Waiting<A>) -> Answered,
) -> oneshot::Receiver<A> {
    let (sender, receiver) = oneshot::channel();
    if let Ok(request) = text::write(request) {
        let reply = NativeHandlerReply { answered: answered(Mutex::new(Some(sender))) };
        asking.call((request, reply).into(), ThreadsafeFunctionCallMode::NonBlocking);
    }
    receiver
}

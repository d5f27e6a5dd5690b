//! Calling the program.
//!
//! Rust calls one function of a conversation's, on JavaScript's thread, and everything it tells
//! comes there in order. The function keeps nothing alive: neither the process, nor, since it knows
//! its conversation weakly, the conversation. What is asked is answered by a `NativeReply`; who
//! does not wait any more says so.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread::{self, ThreadId};

use napi::bindgen_prelude::{FnArgs, Function, FunctionRef};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status};
use napi_derive::napi;
use opencode_sessions::conversation::origin;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::calls::{here, read};
use crate::text;

type Told = FnArgs<(String, Option<NativeReply>)>;
/// Called from any thread; weak, so that it keeps no process alive.
type Tell = ThreadsafeFunction<Told, (), Told, Status, false, true>;

/// How the program is called that made a conversation.
pub(super) struct Home {
    tell: Tell,
    /// Asked at once, on the program's own thread.
    about: FunctionRef<FnArgs<(String,)>, String>,
    thread: ThreadId,
    asked: AtomicU32,
    /// How many calls its thread is in: meanwhile it answers nothing.
    waiting: AtomicUsize,
}

/// What a conversation is made for: `tell` is told all things, `about` answers at once.
#[napi]
pub struct NativeHome {
    pub(super) home: Arc<Home>,
}

thread_local! {
    static HERE: RefCell<Option<Env>> = const { RefCell::new(None) };
}

#[napi]
impl NativeHome {
    #[napi(constructor)]
    pub fn new(
        env: Env,
        tell: Tell,
        about: Function<'_, FnArgs<(String,)>, String>,
    ) -> napi::Result<Self> {
        HERE.with_borrow_mut(|here| *here = Some(env));
        let home = Home {
            tell,
            about: about.create_ref()?,
            thread: thread::current().id(),
            asked: AtomicU32::new(0),
            waiting: AtomicUsize::new(0),
        };
        super::ending::watch(env, &home)?;
        Ok(Self { home: Arc::new(home) })
    }
}

impl Home {
    pub(super) fn thread(&self) -> ThreadId {
        self.thread
    }

    /// Tells it this; `false` when its thread has ended.
    pub(super) fn tell(&self, what: &Value, reply: Option<NativeReply>) -> bool {
        // Plain data can be written.
        let Ok(what) = text::write(what) else { return false };
        let told = self.tell.call((what, reply).into(), ThreadsafeFunctionCallMode::NonBlocking);
        told == Status::Ok
    }

    /// Begins some work, which tells its pieces to `reply`. Dropping what this gives ends it.
    pub(super) fn begin(
        self: &Arc<Self>,
        key: u32,
        argument: &Value,
        reply: NativeReply,
    ) -> Option<Underway> {
        let id = self.asked.fetch_add(1, Ordering::Relaxed);
        let ask = json!({"id": id, "key": key, "argument": argument, "speaker": speaker()});
        let what = json!({ "ask": ask });
        self.tell(&what, Some(reply)).then(|| Underway { home: Arc::clone(self), id })
    }

    /// Begins some work and waits for its answer. Dropping this ends the work.
    pub(super) async fn ask(self: Arc<Self>, key: u32, argument: Value) -> Result<Value, String> {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let gone = || "the thread that was to do it has ended".to_owned();
        let _underway = self.begin(key, &argument, NativeReply::to(sender)).ok_or_else(gone)?;
        match receiver.recv().await {
            Some(Piece::Done(answer) | Piece::Event(answer)) => Ok(answer),
            Some(Piece::Failed(failure)) => Err(failure.message),
            None => Err("it gave no answer".to_owned()),
        }
    }

    /// Waits until it was told everything that was told so far.
    pub(super) async fn flush(&self) {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        if self.tell(&json!({"flush": {}}), Some(NativeReply::to(sender))) {
            receiver.recv().await;
        }
    }

    /// What it knows at once; `None` when nobody can be asked.
    pub(super) fn told(self: &Arc<Self>, question: &Value) -> Option<Value> {
        if self.thread == thread::current().id() {
            let question = text::write(question).ok()?;
            let told = HERE.with_borrow(|env| {
                let about = self.about.borrow_back(env.as_ref()?).ok()?;
                about.call((question,).into()).ok()
            });
            return serde_json::from_str(&told?).ok();
        }
        let (sender, receiver) = std::sync::mpsc::channel();
        let reply = NativeReply(Box::new(move |piece| sender.send(piece).is_ok()));
        if !self.tell(&json!({"about": question}), Some(reply)) {
            return None;
        }
        loop {
            match receiver.recv_timeout(LOOK) {
                Ok(Piece::Done(answer)) => return Some(answer),
                Err(std::sync::mpsc::RecvTimeoutError::Timeout)
                    if self.waiting.load(Ordering::SeqCst) == 0 => {}
                _ => return None,
            }
        }
    }
}

/// Its thread waits for this library until this is dropped.
pub(super) struct Waiting<'a>(&'a Home);

impl Home {
    /// Said where a call on its thread may wait for something of a turn's, which may wait for an
    /// answer from there.
    pub(super) fn waiting(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        Waiting(self)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

/// How soon a wait sees that nobody can answer it.
const LOOK: std::time::Duration = std::time::Duration::from_millis(20);

/// Who spoke; a turn has it until it is over.
pub(super) struct Speaking {
    pub(super) id: u32,
    /// Dropped with it.
    pub(super) _over: oneshot::Sender<()>,
}

/// Whose turn this is called in.
pub(super) fn speaker() -> Option<u32> {
    origin().and_then(|origin| origin.downcast_ref::<Speaking>().map(|speaking| speaking.id))
}

/// Ends the work when nobody waits for it any more.
pub(super) struct Underway {
    home: Arc<Home>,
    id: u32,
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.home.tell(&json!({"cancel": {"id": self.id}}), None);
    }
}

/// What is heard of some work.
pub(super) enum Piece {
    Event(Value),
    Done(Value),
    Failed(Failure),
}

/// Why it failed: a model's error code, if it is one, and what is known.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Failure {
    pub(super) message: String,
    pub(super) code: Option<String>,
    #[serde(default)]
    pub(super) retryable: bool,
    pub(super) retry_after: Option<f64>,
}

/// Takes what some work tells. Every text is JSON.
#[napi]
pub struct NativeReply(Box<dyn Fn(Piece) -> bool + Send + Sync>);

impl NativeReply {
    pub(super) fn to(sender: mpsc::UnboundedSender<Piece>) -> Self {
        Self(Box::new(move |piece| sender.send(piece).is_ok()))
    }
}

#[napi]
impl NativeReply {
    /// A piece of it; `false` when nobody listens any more.
    #[napi]
    pub fn event(&self, event: String) -> napi::Result<bool> {
        here(|| Ok((self.0)(Piece::Event(read(&event)?))))
    }

    /// It is through, with this.
    #[napi]
    pub fn done(&self, value: String) -> napi::Result<()> {
        here(|| {
            (self.0)(Piece::Done(read(&value)?));
            Ok(())
        })
    }

    /// It failed.
    #[napi]
    pub fn failed(&self, failure: String) -> napi::Result<()> {
        here(|| {
            (self.0)(Piece::Failed(read(&failure)?));
            Ok(())
        })
    }
}

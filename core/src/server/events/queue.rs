//! What lies between the task that reads the socket and those who read the stream.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::buffer::{Buffer, Item};
use crate::error::{OpencodeError, Result};

/// Never waits for a reader; readers wait for it.
#[derive(Debug)]
pub(super) struct Queue(Mutex<State>);

#[derive(Debug)]
struct State {
    buffer: Buffer,
    /// The first connection is up.
    connected: bool,
    /// Nothing follows.
    closed: bool,
    /// Nothing is given out any more.
    ended: bool,
    waiting: Vec<Waker>,
}

impl Queue {
    pub(super) fn new(buffer: Buffer) -> Self {
        Self(Mutex::new(State {
            buffer,
            connected: false,
            closed: false,
            ended: false,
            waiting: Vec::new(),
        }))
    }

    pub(super) fn push(&self, item: Item, bytes: usize) {
        self.change(|state| state.buffer.push(item, bytes));
    }

    pub(super) fn push_all(&self, batch: Vec<(Item, usize)>) {
        self.change(|state| state.buffer.push_all(batch));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.state().buffer.is_empty()
    }

    pub(super) fn connected(&self) {
        self.change(|state| state.connected = true);
    }

    /// Lets readers have what is there, and the failure last.
    pub(super) fn fail(&self, failure: OpencodeError) {
        self.change(|state| {
            state.buffer.push(Err(failure), 0);
            state.closed = true;
        });
    }

    /// Ends it for every reader, at once.
    pub(super) fn end(&self) {
        self.change(|state| {
            state.ended = true;
            state.closed = true;
        });
    }

    pub(super) fn poll_pop(&self, context: &Context<'_>) -> Poll<Option<Item>> {
        let mut state = self.state();
        if state.ended {
            return Poll::Ready(None);
        }
        match state.buffer.pop() {
            Some((item, _)) => Poll::Ready(Some(item)),
            None if state.closed => Poll::Ready(None),
            None => state.wait(context),
        }
    }

    /// Ready when the first connection is up; or with the failure, which is then not delivered
    /// again.
    pub(super) fn poll_connected(&self, context: &Context<'_>) -> Poll<Result<()>> {
        let mut state = self.state();
        if state.connected {
            return Poll::Ready(Ok(()));
        }
        if !state.closed {
            return state.wait(context);
        }
        let failure = match state.buffer.pop() {
            Some((Err(failure), _)) if !state.ended => failure,
            _ => OpencodeError::connection("the event stream has ended", true),
        };
        Poll::Ready(Err(failure))
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        for waker in waiting {
            waker.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wait<T>(&mut self, context: &Context<'_>) -> Poll<T> {
        if !self.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
            self.waiting.push(context.waker().clone());
        }
        Poll::Pending
    }
}

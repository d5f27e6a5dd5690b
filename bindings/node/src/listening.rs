//! Functions of JavaScript that other threads call.

use napi::Status;
use napi::bindgen_prelude::Unknown;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

/// A function of JavaScript. It keeps no process alive, and nobody waits for it.
pub(crate) type Function<T> = ThreadsafeFunction<T, Unknown<'static>, T, Status, false, true>;

/// Has the function called on its own thread, soon; `false` when that thread is over.
pub(crate) fn tell<T: 'static + napi::bindgen_prelude::JsValuesTupleIntoVec>(
    function: &Function<T>,
    what: T,
) -> bool {
    function.call(what, ThreadsafeFunctionCallMode::NonBlocking) == Status::Ok
}

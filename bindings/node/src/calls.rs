//! Running a call apart from JavaScript's thread, or on it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use napi::bindgen_prelude::{PromiseRaw, ToNapiValue, spawn_blocking};
use napi::{Env, JsValue};
use opencode_sessions::{OpencodeError, Result};
use serde::de::DeserializeOwned;

use crate::errors::thrown;

/// What a call is given, from its JSON text.
pub(crate) fn read<T: DeserializeOwned>(arguments: &str) -> Result<T> {
    let reader = &mut serde_json::Deserializer::from_str(arguments);
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let (place, reason) = (error.path().to_string(), error.into_inner().to_string());
        // Where in the text that crossed would tell nobody anything.
        let reason = reason.split(" at line ").next().unwrap_or_default();
        let place = if place == "." { String::new() } else { format!("{place}: ") };
        OpencodeError::invalid(format!("{place}{reason}"))
    })
}

/// Runs a call on a thread that may wait for the disk; gives a promise.
///
/// The call owns what it uses. An `async fn` with `&self` would look at the object from another
/// thread, and a worker that is terminated frees its objects under it.
pub(crate) fn apart<T: ToNapiValue + Send + 'static>(
    env: &Env,
    call: impl FnOnce() -> Result<T> + Send + 'static,
) -> napi::Result<PromiseRaw<'_, T>> {
    let (deferred, promise) = env.create_deferred()?;
    // Answered from there: by way of the runtime two more threads would have to wake up.
    spawn_blocking(move || match here(call) {
        Ok(done) => deferred.resolve(move |_| Ok(done)),
        Err(error) => deferred.reject(error),
    });
    Ok(PromiseRaw::new(env.raw(), promise.raw()))
}

/// Runs a call on a thread that may wait for the disk.
pub(crate) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let ended = |_| OpencodeError::invalid("the process is ending");
    spawn_blocking(call).await.map_err(ended)?
}

/// Has the runtime do what waits for the network; gives a promise. It owns what it uses, as a call
/// that runs [`apart`] does.
pub(crate) fn promise<T: ToNapiValue + Send + 'static>(
    env: &Env,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> napi::Result<PromiseRaw<'_, T>> {
    env.spawn_future(async { work.await.map_err(|error| thrown(&error)) })
}

/// Runs a call on this thread. A defect of ours that panics is an error: through a function that
/// JavaScript called, no panic may leave.
pub(crate) fn here<T>(call: impl FnOnce() -> Result<T>) -> napi::Result<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(done) => done.map_err(|error| thrown(&error)),
        Err(_) => Err(napi::Error::from_reason("a defect of the library: it panicked")),
    }
}

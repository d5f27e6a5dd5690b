//! Requests to one server: addressed, authorised, bounded in time and size, repeated when that
//! is safe, and their refusals read.
//!
//! A request that could run a prompt is sent once, whatever happens to it.

mod call;
mod connect;
mod decode;
mod failure;
mod retry;

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, Response};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::time::Instant;
use url::Url;

use self::call::Bound;
pub(crate) use self::call::Call;
pub(crate) use self::connect::{Address, Limits, client};
pub(crate) use self::decode::Lenient;
pub(crate) use self::failure::{is_unknown_call, retry_after};
pub(crate) use self::retry::wait as backoff;
use crate::defaults;
use crate::error::{ErrorCode, OpencodeError, Result};

/// The header that names the project's directory, percent-encoded.
const DIRECTORY: &str = "x-opencode-directory";

/// One server, and how to talk to it.
pub(crate) struct Http {
    client: reqwest::Client,
    base: Url,
    authorization: Option<HeaderValue>,
    limits: Limits,
}

/// How much room an answer gets before it comes, at most: its length is only what the server says.
const RESERVED: u64 = 1024 * 1024;

/// An answer that was not a refusal.
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    what: String,
}

impl Http {
    pub(crate) fn new(address: Address, limits: Limits) -> Result<Self> {
        let client = client(&address.base, &limits)?;
        Ok(Self { client, base: address.base, authorization: address.authorization, limits })
    }

    /// The address, without a password.
    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// How long a server may be silent before it counts as gone.
    pub(crate) fn patience(&self) -> Duration {
        self.limits.read_idle
    }

    /// Sends a call and reads its whole answer; repeats it when that is safe and may help.
    pub(crate) async fn send(&self, call: Call<'_>) -> Result<Answer> {
        let (bound, whose) = match call.timeout {
            Some(bound) => (Some(bound), "call"),
            None => (self.limits.total, "client"),
        };
        let until = bound.map(|bound| Instant::now() + bound);
        let mut attempt = 0;
        loop {
            let done = match until {
                Some(until) => tokio::time::timeout_at(until, self.once(&call)).await,
                None => Ok(self.once(&call).await),
            };
            let failed = match done {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => error.of_call(&call),
                Err(_) => {
                    let what = format!("{call} (the {whose}'s timeout)");
                    return Err(
                        OpencodeError::timeout(what, bound.unwrap_or_default()).of_call(&call)
                    );
                }
            };
            if attempt > 0 && call.is_deletion() && failed.code() == ErrorCode::NotFound {
                // An earlier attempt did it, and only its answer was lost.
                return Ok(Answer::empty(&call));
            }
            attempt += 1;
            if !call.repeatable() || attempt > self.limits.retries || !retry::helps(&failed) {
                return Err(failed);
            }
            let Some(wait) = retry::wait(attempt, failed.retry_after()) else { return Err(failed) };
            // What went wrong tells more than that the time ran out on the way to the next try.
            if until.is_some_and(|until| Instant::now() + wait >= until) {
                return Err(failed);
            }
            tracing::debug!(%failed, ?wait, attempt, "asking again: {call}");
            tokio::time::sleep(wait).await;
        }
    }

    /// Sends a call and decodes its answer.
    pub(crate) async fn json<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T> {
        let session = call.session.map(str::to_owned);
        let answer = self.send(call).await?;
        answer.json().map_err(|error| match &session {
            Some(id) => error.of_session(id),
            None => error,
        })
    }

    /// Opens an answer that goes on for ever; only its beginning is bounded in time.
    pub(crate) async fn open(&self, call: Call<'_>) -> Result<Response> {
        let opening = async {
            let response = self.head(&call).await.map_err(|e| self.unanswered(e))?;
            self.accepted(&call, response).await
        };
        let opened = tokio::time::timeout(self.limits.read_idle, opening)
            .await
            .map_err(|_| self.paused(&call))??;
        let kind = content_type(opened.headers());
        if !kind.starts_with("text/event-stream") {
            return Err(failure::no_stream(&call, &self.base, &kind));
        }
        Ok(opened)
    }

    async fn once(&self, call: &Call<'_>) -> Result<Answer> {
        let head = self.head(call);
        let response = match call.bound {
            // The headers of a turn come when it is through.
            Bound::Turn => head.await,
            Bound::Ordinary => self.in_time(call, head).await?,
        };
        let response = response.map_err(|error| self.unanswered(error))?;
        let response = self.accepted(call, response).await?;
        let headers = response.headers().clone();
        let body = self.body(call, response).await?;
        if content_type(&headers).starts_with("text/html") {
            return Err(failure::web_page(call, &self.base));
        }
        Ok(Answer { headers, body, what: call.to_string() })
    }

    /// The head of the answer. While the real server starts it takes requests that it never
    /// answers, so what only reads is asked once more beside the first time.
    async fn head(&self, call: &Call<'_>) -> reqwest::Result<Response> {
        let first = self.request(call).send();
        if call.method != Method::GET || self.limits.retries == 0 {
            return first.await;
        }
        tokio::pin!(first);
        if let Ok(head) = tokio::time::timeout(defaults::ASK_BESIDE, &mut first).await {
            return head;
        }
        tracing::debug!("no answer yet, asking once more: {call}");
        tokio::select! {
            head = &mut first => head,
            head = self.request(call).send() => head,
        }
    }

    /// The response, or the error it stands for.
    async fn accepted(&self, call: &Call<'_>, response: Response) -> Result<Response> {
        if response.status().is_success() {
            return Ok(response);
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let body = self.body(call, response).await.unwrap_or_default();
        Err(failure::read(call, &self.base, status, &headers, &body))
    }

    async fn body(&self, call: &Call<'_>, mut response: Response) -> Result<Bytes> {
        let cap = self.limits.answer;
        let too_large = || {
            let reason = format!("it is larger than {cap} bytes");
            OpencodeError::decode(format!("the answer to {call}"), reason)
                .with_hint("ask for less at once, or give the client a larger max_answer_bytes")
        };
        let length = response.content_length().unwrap_or_default();
        if length > cap as u64 {
            return Err(too_large());
        }
        let mut body = BytesMut::with_capacity(length.min(RESERVED) as usize);
        loop {
            let read = response.chunk();
            let chunk = match call.bound {
                // Older servers send the headers of a turn at once, and the rest when it is through.
                Bound::Turn if body.is_empty() => read.await,
                _ => self.in_time(call, read).await?,
            };
            let Some(chunk) = chunk.map_err(|error| cut_off(call, &error))? else {
                return Ok(body.freeze());
            };
            if body.len() + chunk.len() > cap {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
    }

    async fn in_time<T>(&self, call: &Call<'_>, read: impl Future<Output = T>) -> Result<T> {
        tokio::time::timeout(self.limits.read_idle, read).await.map_err(|_| self.paused(call))
    }

    fn paused(&self, call: &Call<'_>) -> OpencodeError {
        let what = format!("the next byte of the answer to {call} (read_idle_timeout)");
        OpencodeError::timeout(what, self.limits.read_idle)
    }

    fn request(&self, call: &Call<'_>) -> reqwest::RequestBuilder {
        let mut request = self.client.request(call.method.clone(), call.url(&self.base));
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        if let Some(directory) = call.directory {
            request = request.header(DIRECTORY, call::encoded(directory));
        }
        match &call.body {
            Some(body) => request.header("content-type", "application/json").body(body.clone()),
            None => request,
        }
    }

    /// What became of a request that got no answer.
    fn unanswered(&self, error: reqwest::Error) -> OpencodeError {
        let error = error.without_url();
        let base = &self.base;
        if error.is_timeout() && error.is_connect() {
            let what = format!("connecting to {base} (connect_timeout)");
            return OpencodeError::timeout(what, self.limits.connect);
        }
        if error.is_builder() {
            let reason = format!("the request cannot be made: {}", innermost(&error));
            return OpencodeError::invalid_request("path", reason);
        }
        let reason = innermost(&error);
        match error.is_connect() {
            true => OpencodeError::connection(format!("no connection to {base}: {reason}"), true),
            false => OpencodeError::connection(format!("{base} gave no answer: {reason}"), false)
                .with_hint("the server may have stopped, or closed the connection; see its log"),
        }
    }
}

impl Answer {
    fn empty(call: &Call<'_>) -> Self {
        Self { headers: HeaderMap::new(), body: Bytes::new(), what: call.to_string() }
    }

    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T> {
        decode::decode(&self.body, &self.name())
    }

    /// A list, of which one odd item fails nothing.
    pub(crate) fn list<T: Lenient>(&self) -> Result<Vec<T>> {
        self.list_with(|_| None, |item| item)
    }

    /// The same, of items of which `known` may say without reading them whole what they are.
    pub(crate) fn list_with<'a, T: Lenient, R>(
        &'a self,
        known: impl Fn(&'a RawValue) -> Option<R>,
        read: impl Fn(T) -> R,
    ) -> Result<Vec<R>> {
        decode::decode_list(&self.body, &self.name(), known, read)
    }

    fn name(&self) -> String {
        format!("the answer to {}", self.what)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

pub(crate) fn content_type(headers: &HeaderMap) -> String {
    let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok());
    kind.unwrap_or_default().to_ascii_lowercase()
}

fn cut_off(call: &Call<'_>, error: &reqwest::Error) -> OpencodeError {
    OpencodeError::connection(
        format!("the answer to {call} was cut off: {}", innermost(error)),
        false,
    )
    .with_hint("the server stopped or the network failed in the middle; ask again")
}

/// The cause that tells most; the outer ones repeat the address.
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

impl OpencodeError {
    fn of_call(self, call: &Call<'_>) -> Self {
        match call.session {
            Some(id) => self.of_session(id),
            None => self,
        }
    }
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let authorized = self.authorization.is_some();
        f.debug_struct("Http")
            .field("base", &self.base.as_str())
            .field("authorized", &authorized)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

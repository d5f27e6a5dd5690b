//! The way to one provider: a question over HTTP, bounded in time and size.
//!
//! It asks once. Only a server that refuses a field it need not know is asked again without it:
//! that it refused, before a model saw anything, and says so, makes it the same question.

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::Response;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::ProviderOptions;
use super::known::Known;
use super::refusal::Told;
use crate::defaults;
use crate::error::{OpencodeError, Result};
use crate::model::Map;
use crate::server::http::{Address, Limits, client, content_type, innermost};

/// How much of a refusal is read, in bytes.
const REFUSAL_CAP: usize = 1 << 20;

/// How a key goes along.
pub(super) enum KeyHeader {
    Bearer,
    ApiKey,
}

/// A provider's address with all that its requests have in common.
pub(super) struct Link {
    client: reqwest::Client,
    pub(super) name: String,
    pub(super) url: Url,
    headers: HeaderMap,
    /// What no text may repeat.
    secrets: Vec<String>,
    read_idle: Duration,
    connect: Duration,
    pub(super) cap: usize,
    /// A field of the body that not every server knows.
    optional: Option<&'static str>,
    refuses_optional: AtomicBool,
}

impl Link {
    pub(super) fn new(
        options: &ProviderOptions,
        known: &Known,
        header: &KeyHeader,
    ) -> Result<Self> {
        let (base, key) = options.resolve(known)?;
        let Address { base, authorization } = Address::new(&base, None, None)?;
        let connect = options.connect_timeout.unwrap_or(defaults::CONNECT_TIMEOUT);
        let limits = Limits { connect, ..Limits::default() };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match (&key, header, authorization) {
            (Some(key), KeyHeader::Bearer, _) => {
                headers.insert(AUTHORIZATION, secret(&format!("Bearer {key}"))?);
            }
            (Some(key), KeyHeader::ApiKey, _) => {
                headers.insert(HeaderName::from_static("x-api-key"), secret(key)?);
            }
            (None, _, Some(pair)) => {
                headers.insert(AUTHORIZATION, pair);
            }
            (None, _, None) => {}
        }
        for (name, value) in &options.headers {
            let name = HeaderName::try_from(name)
                .map_err(|_| OpencodeError::invalid(format!("not a header's name: {name:?}")))?;
            headers.insert(name, secret(value)?);
        }
        Ok(Self {
            client: client(&base, &limits)?,
            name: known.name.to_owned(),
            url: base,
            headers,
            secrets: key.into_iter().collect(),
            read_idle: options.read_idle_timeout.unwrap_or(defaults::MODEL_IDLE_TIMEOUT),
            connect,
            cap: options.max_answer_bytes.unwrap_or(defaults::MODEL_ANSWER_CAP),
            optional: None,
            refuses_optional: AtomicBool::new(false),
        })
    }

    /// Under this path below the address.
    pub(super) fn at(mut self, path: &str) -> Self {
        let root = self.url.path().trim_end_matches('/').to_owned();
        self.url.set_path(&format!("{root}{path}"));
        self
    }

    pub(super) fn with_optional(mut self, field: &'static str) -> Self {
        self.optional = Some(field);
        self
    }

    pub(super) fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        let name = HeaderName::from_static(name);
        self.headers.entry(name).or_insert(HeaderValue::from_static(value));
        self
    }

    /// Sends the body; an answer that is no refusal.
    pub(super) async fn open(&self, mut body: Map) -> Result<Response> {
        if let Some(field) = self.optional.filter(|_| self.refuses_optional.load(Ordering::Relaxed))
        {
            body.shift_remove(field);
        }
        let response = self.post(&body).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (told, error) = self.refused(response).await;
        let unknown = self.optional.filter(|field| told.mentions(field));
        match unknown {
            Some(field) if matches!(error.status(), Some(400 | 422)) => {
                if body.shift_remove(field).is_none() {
                    return Err(error);
                }
                tracing::debug!("{} does not know {field}", self.name);
                self.refuses_optional.store(true, Ordering::Relaxed);
                let response = self.post(&body).await?;
                match response.status().is_success() {
                    true => Ok(response),
                    false => Err(self.refused(response).await.1),
                }
            }
            _ => Err(error),
        }
    }

    async fn post(&self, body: &Map) -> Result<Response> {
        let body = serde_json::to_vec(body).map_err(|error| {
            OpencodeError::invalid(format!("the request cannot be written as JSON: {error}"))
        })?;
        let request = self.client.post(self.url.clone()).headers(self.headers.clone()).body(body);
        self.in_time(request.send(), self.read_idle).await?.map_err(|error| self.unanswered(error))
    }

    async fn refused(&self, response: Response) -> (Told, OpencodeError) {
        let (status, headers) = (response.status(), response.headers().clone());
        if status.is_redirection() {
            let error = self
                .unreadable(format!("it points elsewhere ({status}), and that is not followed"));
            return (Told::default(), error);
        }
        let page = content_type(&headers).starts_with("text/html");
        let body = self.beginning(response).await;
        // A page's text is markup: the status tells more.
        let told = if page { Told::default() } else { Told::of_bytes(&body) };
        let error = told.error(&self.name, Some(status.as_u16()), &headers);
        (told, error)
    }

    /// As much of a refusal as came: its status counts without it, too.
    async fn beginning(&self, mut response: Response) -> Bytes {
        let mut body = BytesMut::new();
        while body.len() < REFUSAL_CAP
            && let Ok(Ok(Some(chunk))) = self.in_time(response.chunk(), self.read_idle).await
        {
            body.extend_from_slice(&chunk);
        }
        body.freeze()
    }

    /// The next bytes of an answer; `None` at its end.
    pub(super) async fn chunk(
        &self,
        response: &mut Response,
        patience: Option<Duration>,
    ) -> Result<Option<Bytes>> {
        let patience = patience.unwrap_or(self.read_idle).min(self.read_idle);
        self.in_time(response.chunk(), patience)
            .await?
            .map_err(|error| self.cut(&innermost(&error)))
    }

    async fn in_time<T>(&self, read: impl Future<Output = T>, patience: Duration) -> Result<T> {
        tokio::time::timeout(patience, read).await.map_err(|_| {
            let what = format!("the next byte of the answer of {} (read_idle_timeout)", self.name);
            OpencodeError::timeout(what, patience)
        })
    }

    pub(super) fn cut(&self, reason: &str) -> OpencodeError {
        OpencodeError::connection(
            format!("the answer of {} was cut off: {reason}", self.name),
            false,
        )
        .with_hint("the provider or the network failed in the middle; ask again")
    }

    pub(super) fn unreadable(&self, reason: impl Into<String>) -> OpencodeError {
        OpencodeError::decode(format!("the answer of {}", self.name), reason)
            .with_hint(format!("does {} speak as {} does?", self.url, self.name))
    }

    fn unanswered(&self, error: reqwest::Error) -> OpencodeError {
        let error = error.without_url();
        let (name, url) = (&self.name, &self.url);
        if error.is_timeout() && error.is_connect() {
            let what = format!("connecting to {name} at {url} (connect_timeout)");
            return OpencodeError::timeout(what, self.connect);
        }
        let (reason, unsent) = (innermost(&error), error.is_connect());
        let message = match unsent {
            true => format!("no connection to {name} at {url}: {reason}"),
            false => format!("{name} gave no answer: {reason}"),
        };
        OpencodeError::connection(message, unsent).with_hint("is the address right, and is it up?")
    }

    /// The error without the key, should the provider have repeated it.
    pub(super) fn clean(&self, mut error: OpencodeError) -> OpencodeError {
        if let OpencodeError::Model { message, .. }
        | OpencodeError::Connection { message, .. }
        | OpencodeError::Decode { reason: message, .. } = &mut error
        {
            for secret in &self.secrets {
                *message = message.replace(secret.as_str(), "***");
            }
        }
        error
    }
}

fn secret(value: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| OpencodeError::invalid("the key or a header cannot be sent as one"))?;
    value.set_sensitive(true);
    Ok(value)
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("name", &self.name)
            .field("url", &self.url.as_str())
            .field("has_key", &!self.secrets.is_empty())
            .field("read_idle", &self.read_idle)
            .finish_non_exhaustive()
    }
}

//! How a [`Client`] is made.

use std::sync::Arc;
use std::time::Duration;

use super::client::{Client, Shared};
use super::handlers::{Handlers, PermissionHandler, QuestionHandler};
use super::http::{Address, Http, Limits};
use crate::defaults;
use crate::error::{OpencodeError, Result};

/// The address when the caller gives none.
const BASE_URL: &str = "OPENCODE_BASE_URL";
const USERNAME: &str = "OPENCODE_SERVER_USERNAME";
pub(crate) const PASSWORD: &str = "OPENCODE_SERVER_PASSWORD";

/// The options of a [`Client`]; all have defaults.
#[must_use]
#[derive(Clone, Default)]
pub struct ClientBuilder {
    base_url: Option<String>,
    username: Option<String>,
    password: Option<String>,
    directory: Option<String>,
    limits: Limits,
    max_concurrent: Option<usize>,
    handlers: Handlers,
}

impl ClientBuilder {
    /// Where the server is; else `OPENCODE_BASE_URL`, else `http://127.0.0.1:4096`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Who asks; else `OPENCODE_SERVER_USERNAME`, else `opencode`.
    pub fn username(mut self, name: impl Into<String>) -> Self {
        self.username = Some(name.into());
        self
    }

    /// The server's password; else `OPENCODE_SERVER_PASSWORD`. It is sent with every request and
    /// shown nowhere.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// The project's directory on the server's machine; else the one the server runs in. A
    /// relative one is taken from this process's directory.
    pub fn directory(mut self, directory: impl Into<String>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// A bound for every call, prompts too; without it, calls are bounded by the pauses in their
    /// answers, and prompts by nothing.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.total = Some(timeout);
        self
    }

    /// The same in seconds.
    pub fn timeout_secs(self, seconds: u64) -> Self {
        self.timeout(Duration::from_secs(seconds))
    }

    /// How long making a connection may take: 10 s by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.limits.connect = timeout;
        self
    }

    /// How long an answer may pause: 60 s by default. Prompts may, until their turn is through.
    pub fn read_idle_timeout(mut self, timeout: Duration) -> Self {
        self.limits.read_idle = timeout;
        self
    }

    /// How often a request that may be repeated is: 3 times by default. With 0 nothing is sent
    /// twice; otherwise a reading that is not answered within 5 s is also asked once more beside,
    /// because a server that is starting takes requests that it never answers.
    pub fn retries(mut self, retries: u32) -> Self {
        self.limits.retries = retries;
        self
    }

    /// The largest answer that is taken, in bytes: 256 MiB by default. A larger one is `DECODE`.
    pub fn max_answer_bytes(mut self, bytes: usize) -> Self {
        self.limits.answer = bytes;
        self
    }

    /// So many turns may run at once; further ones wait for a free place before they are sent.
    pub fn max_concurrent(mut self, turns: usize) -> Self {
        self.max_concurrent = Some(turns);
        self
    }

    /// Answers permission requests of this client's turns. See [`PermissionHandler`].
    pub fn on_permission(mut self, handler: PermissionHandler) -> Self {
        self.handlers.permission = Some(handler);
        self
    }

    /// Answers questions of this client's turns. See [`QuestionHandler`].
    pub fn on_question(mut self, handler: QuestionHandler) -> Self {
        self.handlers.question = Some(handler);
        self
    }

    /// The client. Nothing is sent yet; `INVALID_ARGUMENT` for an address that is none.
    pub fn build(self) -> Result<Client> {
        if self.max_concurrent == Some(0) {
            return Err(OpencodeError::invalid("max_concurrent is 0; it has to be 1 or more"));
        }
        let given = |value: Option<String>, name: &str| {
            value.or_else(|| std::env::var(name).ok().filter(|value| !value.is_empty()))
        };
        let base = given(self.base_url, BASE_URL).unwrap_or_else(|| defaults::BASE_URL.into());
        // A password in the address comes before the environment's.
        let in_address = base.contains('@');
        let from_environment = |name| if in_address { None } else { given(None, name) };
        let username = self.username.or_else(|| from_environment(USERNAME));
        let password = self.password.or_else(|| from_environment(PASSWORD));
        let address = Address::new(&base, username.as_deref(), password.as_deref())?;
        let http = Http::new(address, self.limits)?;
        let directory = self.directory.map(absolute).transpose()?;
        Ok(Client::new(Arc::new(Shared::new(http, self.handlers, self.max_concurrent)), directory))
    }
}

/// `INVALID_ARGUMENT` for an empty directory; a relative one is made absolute.
pub(super) fn absolute(directory: String) -> Result<Arc<str>> {
    if directory.is_empty() {
        return Err(OpencodeError::invalid("the directory is empty"));
    }
    // A server on another system has its own idea of what is absolute.
    let foreign = directory.as_bytes().get(1) == Some(&b':') || directory.starts_with('\\');
    if foreign || directory.starts_with('/') {
        return Ok(directory.into());
    }
    let absolute = std::path::absolute(&directory).map_err(|error| {
        OpencodeError::invalid(format!(
            "the directory {directory:?} cannot be made absolute: {error}"
        ))
    })?;
    Ok(absolute.to_string_lossy().into())
}

impl std::fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("directory", &self.directory)
            .field("limits", &self.limits)
            .field("max_concurrent", &self.max_concurrent)
            .finish_non_exhaustive()
    }
}

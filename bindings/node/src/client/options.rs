//! How a client behaves.

use std::time::Duration;

use opencode_sessions::Result;
use opencode_sessions::server::{Client, ClientBuilder};
use serde::Deserialize;

use crate::arguments::seconds;

/// The options of a client; what is not given is as the core has it.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Connecting {
    base_url: Option<String>,
    username: Option<String>,
    password: Option<String>,
    directory: Option<String>,
    timeout: Option<f64>,
    connect_timeout: Option<f64>,
    read_idle_timeout: Option<f64>,
    retries: Option<u32>,
    max_concurrent: Option<usize>,
    handler_timeout: Option<f64>,
}

/// What another directory is said by.
#[derive(Deserialize)]
pub(super) struct Elsewhere {
    pub(super) directory: String,
}

impl Connecting {
    /// How long a handler may take.
    pub(super) fn handler_timeout(&self) -> Result<Option<Duration>> {
        self.handler_timeout.map(|time| seconds(time, "handlerTimeout")).transpose()
    }

    pub(super) fn builder(self) -> Result<ClientBuilder> {
        let mut builder = Client::builder();
        if let Some(url) = self.base_url {
            builder = builder.base_url(url);
        }
        if let Some(name) = self.username {
            builder = builder.username(name);
        }
        if let Some(password) = self.password {
            builder = builder.password(password);
        }
        if let Some(directory) = self.directory {
            builder = builder.directory(directory);
        }
        if let Some(time) = self.timeout {
            builder = builder.timeout(seconds(time, "timeout")?);
        }
        if let Some(time) = self.connect_timeout {
            builder = builder.connect_timeout(seconds(time, "connectTimeout")?);
        }
        if let Some(time) = self.read_idle_timeout {
            builder = builder.read_idle_timeout(seconds(time, "readIdleTimeout")?);
        }
        if let Some(retries) = self.retries {
            builder = builder.retries(retries);
        }
        if let Some(turns) = self.max_concurrent {
            builder = builder.max_concurrent(turns);
        }
        Ok(builder)
    }
}

//! A project on the shared server, a client for it, and what tests often do there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use opencode_sessions::types::message::Message;
use opencode_sessions::types::request::{CreateSessionRequest, PromptPart, PromptRequest};
use opencode_sessions::types::session::Session;
use opencode_sessions::{Client, ClientBuilder, Event, EventStream, OpencodeError};
use serde_json::{Value, json};

use crate::support::rig::{Addresses, Rig};

/// What should happen at once is given so long on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) struct Place {
    pub(crate) rig: &'static Rig,
    pub(crate) directory: PathBuf,
    pub(crate) client: Client,
}

/// A project of this name: its test's.
pub(crate) async fn place(name: &str) -> Place {
    place_with(name, Value::Null).await
}

/// The same with an `opencode.json`.
pub(crate) async fn place_with(name: &str, config: Value) -> Place {
    let rig = Rig::shared().await;
    let directory = rig.project_with(name, config).await;
    let client = builder(rig).directory(text(&directory)).build().unwrap();
    Place { rig, directory, client }
}

/// A client of the rig's server, without a directory.
pub(crate) fn builder(rig: &Rig) -> ClientBuilder {
    let Addresses { url, username, password, .. } = &rig.addresses;
    Client::builder().base_url(url).username(username).password(password)
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

impl Place {
    pub(crate) async fn create(&self) -> Session {
        self.client.sessions().create(CreateSessionRequest::default()).await.unwrap()
    }

    pub(crate) async fn create_named(&self, description: &str) -> Session {
        self.client.sessions().create(named(description)).await.unwrap()
    }

    /// Says something in a session and waits for the answer.
    pub(crate) async fn say(&self, session: &Session, words: &str) -> Message {
        self.client.messages().prompt(prompt(session, words)).await.unwrap()
    }

    /// Keeps something in a session, which the model is not asked about.
    pub(crate) async fn keep(&self, session: &Session, words: &str) -> Message {
        let request = PromptRequest { no_reply: true, ..prompt(session, words) };
        self.client.messages().prompt(request).await.unwrap()
    }

    /// A session whose turn runs until it is aborted.
    pub(crate) async fn busy(&self) -> Session {
        let session = self.create().await;
        self.make_busy(&session).await;
        session
    }

    pub(crate) async fn make_busy(&self, session: &Session) {
        let events = self.client.subscribe_session(&session.id).await.unwrap();
        self.client.messages().prompt_async(prompt(session, "answer slowly")).await.unwrap();
        until(&events, |event| match event {
            Event::SessionStatus { props } => props.status.is_running(),
            _ => false,
        })
        .await;
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The ids of all that is said in a session, oldest first.
    pub(crate) async fn message_ids(&self, session: &str) -> Vec<String> {
        let messages = self.client.messages().list(session).await.unwrap();
        messages.iter().map(|message| message.id().to_owned()).collect()
    }
}

pub(crate) fn named(description: &str) -> CreateSessionRequest {
    let description = Some(description.to_owned());
    CreateSessionRequest { description, ..CreateSessionRequest::default() }
}

pub(crate) fn prompt(session: &Session, words: &str) -> PromptRequest {
    PromptRequest {
        session_id: session.id.clone(),
        content: vec![PromptPart::text(words)],
        ..PromptRequest::default()
    }
}

/// Reads events until one that is waited for.
pub(crate) async fn until(events: &EventStream, mut is_it: impl FnMut(&Event) -> bool) -> Event {
    let reading = async {
        loop {
            let event = events.recv().await.unwrap().unwrap();
            if is_it(&event) {
                return event;
            }
        }
    };
    tokio::time::timeout(LONG, reading).await.unwrap()
}

/// The code of a call that has to fail; its message and hint say something.
#[track_caller]
pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, OpencodeError>) -> &'static str {
    let error = result.unwrap_err();
    assert!(!error.hint().is_empty() && !error.to_string().is_empty());
    error.code().as_str()
}

pub(crate) fn object(value: Value) -> serde_json::Map<String, Value> {
    let Value::Object(object) = value else { panic!("{value} is no object") };
    object
}

pub(crate) fn ids(sessions: &[Session]) -> Vec<&str> {
    sessions.iter().map(|session| session.id.as_str()).collect()
}

/// An `opencode.json` whose share service is at this address.
pub(crate) fn sharing_at(url: &str) -> Value {
    json!({"share": "manual", "enterprise": {"url": url}})
}

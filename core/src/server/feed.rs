//! What an event stream needs of the server: the bytes, and the present state after a gap.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use serde_json::{Value, json};

use super::client::Client;
use super::events::{ByteStream, Endpoint, EventStream, Feed, StreamOptions};
use super::http::{Call, Http, is_unknown_call};
use super::sessions::told_by;
use super::types::event::Event;
use super::types::message::Message;
use crate::error::{ErrorCode, OpencodeError, Result};

/// So many of a session's newest messages are told again after a gap.
const TOLD_AGAIN: &str = "20";

/// A stream of a directory's events, or of one session's.
pub(super) fn stream(
    client: &Client,
    directory: Option<&str>,
    session: Option<&str>,
) -> EventStream {
    let directory = directory.map(str::to_owned);
    let session = session.map(str::to_owned);
    let feed = HttpFeed { http: Arc::clone(&client.shared.http), directory: directory.clone() };
    EventStream::start(
        Arc::new(feed),
        StreamOptions { session, directory, ..StreamOptions::default() },
    )
}

struct HttpFeed {
    http: Arc<Http>,
    directory: Option<String>,
}

impl Feed for HttpFeed {
    fn open(&self, endpoint: Endpoint) -> BoxFuture<'_, Result<ByteStream>> {
        async move {
            let call = match endpoint {
                Endpoint::Directory => Call::get("/event").in_directory(self.directory.as_deref()),
                Endpoint::Global => Call::get("/global/event"),
            };
            let response = self.http.open(call).await?;
            let bytes = response.bytes_stream().map(|chunk| {
                chunk.map_err(|error| {
                    OpencodeError::connection(
                        format!("the event stream was cut off: {error}"),
                        false,
                    )
                })
            });
            let bytes: ByteStream = Box::pin(bytes);
            Ok(bytes)
        }
        .boxed()
    }

    fn resync(&self, sessions: Vec<String>) -> BoxFuture<'_, Result<Vec<Event>>> {
        async move {
            let mut events = Vec::new();
            for id in sessions {
                match self.present(&id).await {
                    Ok(state) => events.extend(state),
                    Err(error) if error.code() == ErrorCode::NotFound => {
                        events.extend(event("session.deleted", &json!({ "sessionID": id })));
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok(events)
        }
        .boxed()
    }
}

impl HttpFeed {
    /// A session as it is now, told as events: its record, its newest messages, its status.
    async fn present(&self, id: &str) -> Result<Vec<Event>> {
        let info: Value = self.http.json(Call::get("").of_session(id)?).await?;
        let directory = info.get("directory").and_then(Value::as_str).or(self.directory.as_deref());
        let messages = Call::get("").of_session(id)?.then("message").query("limit", TOLD_AGAIN);
        let statuses = Call::get("/session/status").in_directory(directory);
        let (messages, statuses) =
            tokio::join!(self.http.json::<Vec<Value>>(messages), self.http.json::<Value>(statuses));
        let messages = messages?;
        let status = match statuses {
            Ok(statuses) => statuses.get(id).cloned().unwrap_or_else(|| json!({ "type": "idle" })),
            // Too old to tell.
            Err(error) if is_unknown_call(&error) => {
                let newest = messages.last().and_then(|newest| Message::deserialize(newest).ok());
                serde_json::to_value(told_by(newest.as_ref())).unwrap_or_default()
            }
            Err(error) => return Err(error),
        };
        let mut told = vec![event("session.updated", &json!({ "sessionID": id, "info": info }))];
        for message in messages {
            let info = &message["info"];
            told.push(event("message.updated", &json!({ "sessionID": id, "info": info })));
            for part in message["parts"].as_array().into_iter().flatten() {
                told.push(event("message.part.updated", &json!({ "sessionID": id, "part": part })));
            }
        }
        let idle = status["type"] == "idle";
        told.push(event("session.status", &json!({ "sessionID": id, "status": status })));
        if idle {
            told.push(event("session.idle", &json!({ "sessionID": id })));
        }
        Ok(told.into_iter().flatten().collect())
    }
}

fn event(kind: &str, properties: &Value) -> Option<Event> {
    Event::from_json(&json!({ "type": kind, "properties": properties }).to_string()).ok()
}

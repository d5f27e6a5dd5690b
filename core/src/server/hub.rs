//! One event stream per directory for all turns that run there.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use tokio::sync::{Mutex, broadcast};

use super::client::Client;
use super::events::EventStream;
use super::feed;
use super::types::event::Event;
use crate::error::{ErrorCode, OpencodeError, Result};

/// So many events wait for a turn's watcher; one that missed some asks the server instead.
const WAITING: usize = 1_024;

/// The streams that turns listen to. Each ends with its last listener.
#[derive(Default)]
pub(super) struct Hub {
    channels: Mutex<HashMap<String, Weak<Channel>>>,
}

struct Channel {
    sender: broadcast::Sender<Arc<Event>>,
    stream: EventStream,
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.stream.end();
    }
}

/// Hears what happens in a directory from now on.
pub(super) struct Listener {
    channel: Option<(broadcast::Receiver<Arc<Event>>, Arc<Channel>)>,
}

/// What a listener hears.
pub(super) enum Heard {
    Event(Arc<Event>),
    /// Something may have been missed.
    Gap,
}

impl Hub {
    /// Listens in a directory; returns when nothing that happens from now on is missed. A server
    /// without an event stream gives a listener that hears nothing.
    pub(super) async fn listen(&self, client: &Client, directory: &str) -> Result<Listener> {
        let mut channels = self.channels.lock().await;
        if let Some(channel) = channels.get(directory).and_then(Weak::upgrade) {
            return Ok(Listener::of(channel));
        }
        let stream = feed::stream(client, Some(directory), None);
        if let Err(error) = stream.connected().await {
            // Who may not come in, or finds nobody there, need not send a prompt either.
            let nobody = matches!(error, OpencodeError::Connection { unsent: true, .. });
            if nobody || error.code() == ErrorCode::Unauthorized {
                return Err(error);
            }
            tracing::warn!(%error, "the server has no event stream; turns are asked for instead");
            return Ok(Listener { channel: None });
        }
        let (sender, _) = broadcast::channel(WAITING);
        let channel = Arc::new(Channel { sender: sender.clone(), stream: stream.clone() });
        channels.retain(|_, channel| channel.strong_count() > 0);
        channels.insert(directory.to_owned(), Arc::downgrade(&channel));
        let listener = Listener::of(channel);
        tokio::spawn(async move {
            while let Some(event) = stream.recv().await {
                match event {
                    // Nobody listening is no error: the stream is about to end.
                    Ok(event) => drop(sender.send(Arc::new(event))),
                    Err(error) => tracing::warn!(%error, "an event cannot be read"),
                }
            }
        });
        Ok(listener)
    }
}

impl Listener {
    fn of(channel: Arc<Channel>) -> Self {
        Self { channel: Some((channel.sender.subscribe(), channel)) }
    }

    /// What happens next; pends for ever when there is no stream.
    pub(super) async fn hear(&mut self) -> Heard {
        let Some((receiver, _)) = &mut self.channel else { return std::future::pending().await };
        match receiver.recv().await {
            Ok(event) if matches!(*event, Event::Reconnected | Event::Lagged { .. }) => Heard::Gap,
            Ok(event) => Heard::Event(event),
            Err(broadcast::error::RecvError::Lagged(_)) => Heard::Gap,
            Err(broadcast::error::RecvError::Closed) => {
                self.channel = None;
                Heard::Gap
            }
        }
    }
}

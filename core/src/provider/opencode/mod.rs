//! An OpenCode server as the other side: it keeps the history and runs the tools; what it does is
//! told as it comes. A prompt is sent once, whatever happens to it.

mod heard;
mod said;

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::Value;
use tokio::sync::mpsc;

use self::heard::{Heard, finish};
use super::{ModelProvider, ProviderEvent, ProviderRequest, ProviderStream, Side};
use crate::defaults;
use crate::error::Result;
use crate::model::{Map, SessionMessage};
use crate::server::Client;
use crate::server::types::message::{Message, MessageInfo};
use crate::server::types::request::{CreateSessionRequest, PromptRequest};

/// Where the session's id on the server is kept.
const SESSION: &str = "opencode_session_id";

/// Where a fork that nothing was said in yet keeps the id of the session it is to be forked from.
const FORKED_FROM: &str = "opencode_forked_from";

/// So many pieces may wait for who reads.
const AHEAD: usize = 64;

/// Turns of a session on an OpenCode server, which is made for the first and kept. The model may
/// be `provider/model`, or `default` for the server's own choice. What a turn asks leave for is
/// decided by the client's `on_permission`. A fork is forked there when something is first said in
/// it.
#[derive(Debug, Clone)]
pub struct OpenCode {
    client: Client,
    turns: Turns,
    mirrored: Mirrored,
}

/// The local sessions by their ids on the server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mirrored(Arc<Mutex<HashMap<String, String>>>);

impl Mirrored {
    pub(crate) fn local(&self, there: &str) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(there).cloned()
    }

    fn put(&self, there: &str, here: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(there.to_owned(), here.to_owned());
    }
}

/// The local sessions that have a turn there, which may still be being aborted.
type Turns = Arc<Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>>;

impl OpenCode {
    /// Turns on the server of this client.
    pub fn new(client: Client) -> Self {
        Self::mirroring(client, Mirrored::default())
    }

    /// The same, telling which local session is which of the server's.
    pub(crate) fn mirroring(client: Client, mirrored: Mirrored) -> Self {
        Self { client, turns: Turns::default(), mirrored }
    }
}

impl ModelProvider for OpenCode {
    fn name(&self) -> &'static str {
        "opencode"
    }

    fn side(&self) -> Side {
        Side::Agent
    }

    fn forked(&self, remembered: &mut Map) {
        if let Some(id) = remembered.remove(SESSION) {
            remembered.insert(FORKED_FROM.to_owned(), id);
        }
    }

    fn stream(&self, request: ProviderRequest) -> ProviderStream {
        let Self { client, turns, mirrored } = self.clone();
        stream::once(async move {
            let (tell, told) = mpsc::channel(AHEAD);
            // By itself, so that a turn nobody listens to any more can still be aborted.
            tokio::spawn(async move {
                let alone = turn_of(&turns, &request.session_id);
                let _until_it_is_over = alone.lock().await;
                if let Err(error) = turn(&client, &mirrored, &request, &tell).await
                    && let Err(unheard) = tell.send(Err(error)).await
                    && let Err(error) = unheard.0
                {
                    let session = request.session_id;
                    tracing::warn!(session, %error, "a turn was not ended well on the server");
                }
            });
            stream::unfold(told, |mut told| async move { Some((told.recv().await?, told)) })
        })
        .flatten()
        .boxed()
    }
}

fn turn_of(turns: &Turns, session_id: &str) -> Arc<tokio::sync::Mutex<()>> {
    let mut turns = turns.lock().unwrap_or_else(PoisonError::into_inner);
    turns.retain(|_, turn| Arc::strong_count(turn) > 1);
    Arc::clone(turns.entry(session_id.to_owned()).or_default())
}

type Tell = mpsc::Sender<Result<ProviderEvent>>;

async fn turn(
    client: &Client,
    mirrored: &Mirrored,
    request: &ProviderRequest,
    tell: &Tell,
) -> Result<()> {
    let client = client.with_directory(&request.working_dir)?;
    let Some((said, before)) = request.messages.split_last() else { return Ok(()) };
    let remembered = |key: &str| request.remembered.get(key).and_then(Value::as_str);
    let id = match (remembered(SESSION), remembered(FORKED_FROM)) {
        (Some(id), _) => id.to_owned(),
        (None, forked_from) => {
            let id = match forked_from {
                Some(parent) => said::fork(&client, parent, before).await?,
                None => client.sessions().create(CreateSessionRequest::default()).await?.id,
            };
            let value = Value::String(id.clone());
            let remember = ProviderEvent::Remember { key: SESSION.to_owned(), value };
            say(tell, vec![remember]).await;
            id
        }
    };
    mirrored.put(&id, &request.session_id);
    let outcome = prompted(&client, &id, said, &request.model, tell).await;
    if outcome.is_err() || tell.is_closed() {
        // Nobody hears of what it would do now, and it would mix with what is said next.
        client.sessions().abort(&id).await?;
        client.wait_idle(&id, Some(defaults::ABORTED_TURN)).await?;
    }
    outcome
}

async fn prompted(
    client: &Client,
    id: &str,
    said: &SessionMessage,
    model: &str,
    tell: &Tell,
) -> Result<()> {
    let events = client.subscribe_session(id).await?;
    let prompt = client.messages().prompt(PromptRequest {
        session_id: id.to_owned(),
        content: said::prompt(said),
        model: Some(model.to_owned()).filter(|model| model != "default"),
        ..PromptRequest::default()
    });
    tokio::pin!(prompt);
    let mut heard = Heard::default();
    loop {
        tokio::select! {
            biased;
            () = tell.closed() => return Ok(()),
            Some(event) = events.recv() => match event {
                Ok(event) => say(tell, heard.event(&event)).await,
                // What it told of is in the answer.
                Err(error) => tracing::warn!(session = id, %error, "an event is passed over"),
            },
            answer = &mut prompt => {
                let answer = answer?;
                // The answer may be faster than the events that told of it, and some may be missed.
                for message in answers(client, id, &answer).await? {
                    say(tell, heard.message(&message)).await;
                }
                say(tell, vec![ProviderEvent::Finish(finish(&answer))]).await;
                return Ok(());
            }
        }
    }
}

async fn say(tell: &Tell, pieces: Vec<ProviderEvent>) {
    for piece in pieces {
        // That nobody listens is noticed elsewhere.
        let _nobody = tell.send(Ok(piece)).await;
    }
}

/// The messages of the turn that ended with `last`, oldest first.
async fn answers(client: &Client, session_id: &str, last: &Message) -> Result<Vec<Message>> {
    let asked_by = |message: &Message| match &message.info {
        MessageInfo::Assistant(info) => info.parent_id.clone(),
        _ => None,
    };
    let Some(prompt) = asked_by(last) else { return Ok(vec![last.clone()]) };
    let newest_first = client.messages().stream(session_id);
    let mut answers: Vec<Message> = newest_first
        .try_take_while(|message| ready(Ok(message.id() != prompt)))
        .try_filter(|message| ready(asked_by(message).as_ref() == Some(&prompt)))
        .try_collect()
        .await?;
    answers.reverse();
    Ok(answers)
}

//! `summarize`: the server's compaction, with the text that it wrote.

use serde::Serialize;

use super::{FileChange, Sessions, model_of};
use crate::error::{OpencodeError, Result};
use crate::model::Map;
use crate::server::http::Call;
use crate::server::turn::TurnCall;
use crate::server::types::message::{Message, MessageInfo};
use crate::server::types::request::SummarizeRequest;
use crate::server::types::session::SessionInfo;

/// A conversation in short.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    pub summary: String,
    /// The conversation, when it was asked for; else empty.
    pub messages: Vec<Message>,
    /// What it changed, when that was asked for; else empty.
    pub file_changes: Vec<FileChange>,
}

impl Sessions<'_> {
    /// Has a model summarise the conversation, waits for it and gives the text. This compacts the
    /// session: the model sees the summary instead of what was said before from now on (nothing
    /// is deleted). `POST /session/{id}/summarize`; `CONFLICT` while a revert is pending, unless
    /// forced, because summarising makes it permanent; `INVALID_REQUEST` when no model is known
    pub async fn summarize(self, id: &str, request: SummarizeRequest) -> Result<Summary> {
        let (info, before) =
            tokio::join!(self.client.info(id), async { self.client.messages().list(id).await });
        let (info, before) = (info?, before?);
        if info.revert.is_some() && !request.force {
            return Err(OpencodeError::conflict(
                id,
                "has a pending revert, which summarising would make permanent",
                "unrevert first, or force it",
            ));
        }
        let (provider, model) = self.model(&request, &info, &before).await?;
        let body = Map::from_iter([
            ("providerID".to_owned(), provider.into()),
            ("modelID".to_owned(), model.into()),
            ("auto".to_owned(), false.into()),
        ]);
        let call = TurnCall::new(self.client, &info, "summarize", body, None)?;
        let turn = self.client.shared.turns.enter(self.client, &info).await?;
        turn.attended(self.client, call.send::<bool>()).await?;

        let messages = self.client.messages().list(id).await?;
        let known: Vec<&str> = before.iter().map(Message::id).collect();
        let summary =
            messages.iter().rev().filter(|message| !known.contains(&message.id())).find_map(
                |message| match &message.info {
                    MessageInfo::Assistant(answer) if answer.summary == Some(true) => {
                        Some((message, answer))
                    }
                    _ => None,
                },
            );
        let Some((summary, answer)) = summary else {
            return Err(OpencodeError::decode("the summary", "the server wrote none")
                .of_session(id)
                .with_hint("there may be nothing to summarise yet; see the server's log"));
        };
        if let Some(error) = &answer.error {
            return Err(error.to_error(id));
        }
        let summary = summary.text();
        let file_changes = match request.include_file_changes {
            Some(true) => self.diff(id).await?.file_diffs,
            _ => Vec::new(),
        };
        let messages = if request.include_messages == Some(true) { messages } else { Vec::new() };
        Ok(Summary { summary, messages, file_changes })
    }

    /// The model that is asked for, else the last one used, else the session's, else the server's.
    async fn model(
        self,
        request: &SummarizeRequest,
        info: &SessionInfo,
        messages: &[Message],
    ) -> Result<(String, String)> {
        let asked = model_of(request.provider.as_ref(), request.model.as_deref())?;
        if let Some((provider, model)) = asked {
            return Ok((provider.to_owned(), model.to_owned()));
        }
        if let Some(used) = messages.iter().rev().find_map(model_used) {
            return Ok(used);
        }
        if let Some(model) = &info.model {
            return Ok((model.provider_id.clone(), model.id.clone()));
        }
        self.default_model().await?.ok_or_else(|| {
            OpencodeError::invalid_request("model", "the server has no model of its own")
                .of_session(&info.id)
                .with_hint("give provider and model")
        })
    }

    /// The model in the server's configuration.
    async fn default_model(self) -> Result<Option<(String, String)>> {
        let call = self.client.call(Call::get("/config"));
        let config: serde_json::Value = self.client.open()?.json(call).await?;
        let model = config.get("model").and_then(|model| model.as_str());
        let pair = model.and_then(|model| model.split_once('/'));
        Ok(pair.map(|(provider, model)| (provider.to_owned(), model.to_owned())))
    }
}

fn model_used(message: &Message) -> Option<(String, String)> {
    let (provider, model) = match &message.info {
        MessageInfo::User(prompt) => {
            let model = prompt.model.as_ref()?;
            (&model.provider_id, &model.model_id)
        }
        MessageInfo::Assistant(answer) => (&answer.provider_id, &answer.model_id),
        MessageInfo::Unknown { .. } => return None,
    };
    Some((provider.clone(), model.clone())).filter(|(_, model)| !model.is_empty())
}

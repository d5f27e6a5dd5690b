//! `create`: the caller's words made the server's.

use std::sync::PoisonError;

use serde_json::json;

use super::remembered::{EphemeralMark, Remembered};
use super::{Session, Sessions, tools};
use crate::error::{OpencodeError, Result};
use crate::model::Map;
use crate::server::client::{Client, Ephemeral};
use crate::server::http::Call;
use crate::server::types::permission::PermissionRule;
use crate::server::types::request::{CreateSessionRequest, PromptPart, PromptRequest, Provider};
use crate::server::types::session::SessionInfo;
use crate::server::types::status::{Busy, RunStatus};

impl Sessions<'_> {
    /// Makes a session. `POST /session`, then `prompt_async` when there is an initial prompt;
    /// `INVALID_REQUEST` for a model without a provider
    ///
    /// When the initial prompt cannot be sent, the session is deleted again and the error given.
    pub async fn create(self, request: CreateSessionRequest) -> Result<Session> {
        let client = match &request.directory {
            Some(directory) => &self.client.with_directory(directory.clone())?,
            None => self.client,
        };
        let body = body(client, &request).await?;
        let call = client.call(Call::post("/session")).json(&body)?;
        let info: SessionInfo = client.open()?.json(call).await?;
        if request.ephemeral == Some(true) {
            let mut kept = client.shared.ephemeral.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push(Ephemeral { id: info.id.clone() });
        }
        let mut running = RunStatus::default();
        if let Some(text) = request.initial_prompt {
            let prompt = PromptRequest {
                session_id: info.id.clone(),
                content: vec![PromptPart::text(text)],
                provider: request.provider,
                model: request.model,
                variant: request.variant,
                ..PromptRequest::default()
            };
            if let Err(error) = client.messages().prompt_async(prompt).await {
                if let Err(left) = super::delete_plainly(client.open()?, &info.id).await {
                    tracing::warn!(session = info.id, %left, "a session without its prompt is left");
                }
                return Err(error);
            }
            running = RunStatus::Busy(Busy::default());
        }
        Ok(Session::new(info, &running))
    }
}

async fn body(client: &Client, request: &CreateSessionRequest) -> Result<Map> {
    let mut body = Map::new();
    if let Some(title) = request.description.as_ref().or(request.title.as_ref()) {
        body.insert("title".into(), title.as_str().into());
    }
    if let Some(parent) = &request.parent_id {
        body.insert("parentID".into(), parent.as_str().into());
    }
    if let Some(agent) = agent_of(request.agent.as_deref()) {
        body.insert("agent".into(), agent.into());
    }
    if let Some((provider, model)) = model_of(request.provider.as_ref(), request.model.as_deref())?
    {
        let mut chosen = json!({ "id": model, "providerID": provider });
        if let Some(variant) = &request.variant {
            chosen["variant"] = variant.as_str().into();
        }
        body.insert("model".into(), chosen);
    }
    let remembered = Remembered {
        system_prompt: request.system_prompt.clone(),
        tools: request.tools.clone(),
        ephemeral: (request.ephemeral == Some(true))
            .then(|| EphemeralMark::of(&client.shared.owner)),
        ..Remembered::default()
    };
    let metadata = remembered.into(request.metadata.clone().unwrap_or_default());
    if !metadata.is_empty() {
        body.insert("metadata".into(), metadata.into());
    }
    let mut rules = match &request.tools {
        Some(tools) => tool_rules(client, tools).await,
        None => Vec::new(),
    };
    rules.extend(request.permission.iter().flatten().cloned());
    if !rules.is_empty() {
        body.insert("permission".into(), serde_json::to_value(rules).unwrap_or_default());
    }
    Ok(body)
}

/// The rules for a list of tools; those of the server's other tools, if it tells them.
pub(super) async fn tool_rules(client: &Client, listed: &[String]) -> Vec<PermissionRule> {
    let call = client.call(Call::get("/experimental/tool/ids"));
    let offered = match client.open() {
        Ok(http) => http.json::<Vec<String>>(call).await,
        Err(closed) => Err(closed),
    };
    let offered = offered.unwrap_or_else(|error| {
        tracing::warn!(%error, "the server does not tell its tools; only known ones are denied");
        Vec::new()
    });
    tools::rules(listed, &offered)
}

/// The server's agent, unless it is its own choice.
fn agent_of(name: Option<&str>) -> Option<&str> {
    name.filter(|name| *name != "default")
}

/// The agent of a turn: the one asked for, else the session's, which the server does not look at.
pub(in crate::server) fn agent_in<'a>(
    asked: Option<&'a str>,
    session: &'a SessionInfo,
) -> Option<&'a str> {
    agent_of(asked.or(session.agent.as_deref()))
}

/// Provider and model, when one is named; `INVALID_REQUEST` for half of it.
pub(in crate::server) fn model_of<'a>(
    provider: Option<&'a Provider>,
    model: Option<&'a str>,
) -> Result<Option<(&'a str, &'a str)>> {
    match (provider, model) {
        (_, None) if provider.is_none() => Ok(None),
        (Some(provider), Some(model)) => {
            // The provider may stand in both.
            let own = model.strip_prefix(provider.id()).and_then(|rest| rest.strip_prefix('/'));
            Ok(Some((provider.id(), own.unwrap_or(model))))
        }
        (None, Some(model)) => match model.split_once('/') {
            Some((provider, model)) if !provider.is_empty() && !model.is_empty() => {
                Ok(Some((provider, model)))
            }
            _ => Err(OpencodeError::invalid_request(
                "model",
                format!("the model {model:?} has no provider"),
            )
            .with_hint("give provider as well, or \"provider/model\"")),
        },
        (provider, None) => Err(OpencodeError::invalid_request(
            "model",
            format!("the provider {} has no model", provider.map_or("", Provider::id)),
        )
        .with_hint("give model as well, or \"provider/model\"")),
    }
}

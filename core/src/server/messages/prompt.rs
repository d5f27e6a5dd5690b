//! Prompts, commands and shell calls: each is sent once, whatever happens to it.

use serde_json::json;

use super::{Messages, wire};
use crate::error::{OpencodeError, Result};
use crate::model::Map;
use crate::server::http::Call;
use crate::server::sessions::{agent_in, model_of};
use crate::server::turn::{Turn, TurnCall};
use crate::server::types::message::Message;
use crate::server::types::request::{CommandRequest, PromptRequest, ShellRequest};

impl Messages<'_> {
    /// Says something and waits for the end of the turn; gives its last message.
    /// `POST /session/{id}/message`, sent once
    ///
    /// `ACTION_REQUIRED` when the turn asks for something that no handler answers: it then still
    /// waits, and goes on when somebody answers. A failure of the model is an error
    /// (`PROVIDER_ERROR`, `CONTEXT_LENGTH_EXCEEDED`, `PROVIDER_AUTH`, `RATE_LIMIT`, `CANCELLED`);
    /// what was said until then is in the session. `TIMEOUT` only with a timeout of the request or
    /// the client. Neither that nor dropping the future ends the turn, although the connection is
    /// closed: the server goes on, `wait_idle` waits for it, `abort` ends it. Its place, with
    /// `max_concurrent`, is free when the server is through.
    pub async fn prompt(self, request: PromptRequest) -> Result<Message> {
        let session = self.client.info(&request.session_id).await?;
        let body = wire::prompt(&request, &session)?;
        let call = TurnCall::new(self.client, &session, "message", body, request.timeout)?;
        let message: Message = match request.no_reply {
            true => call.send().await?,
            false => {
                let turn = self.client.shared.turns.enter(self.client, &session).await?;
                turn.attended(self.client, call.send()).await?
            }
        };
        answered(message)
    }

    /// The same by the name of the guides.
    pub async fn create_prompt(self, request: PromptRequest) -> Result<Message> {
        self.prompt(request).await
    }

    /// Says something without waiting for the answer (but for a free place, with
    /// `max_concurrent`). What goes wrong later comes as the event `session.error`.
    /// `POST /session/{id}/prompt_async`, sent once
    pub async fn prompt_async(self, request: PromptRequest) -> Result<()> {
        self.begin(&request).await.map(|_| ())
    }

    pub(in crate::server) async fn begin(self, request: &PromptRequest) -> Result<Turn> {
        let client = self.client;
        let session = client.info(&request.session_id).await?;
        let body = wire::prompt(request, &session)?;
        let turn = client.shared.turns.enter(client, &session).await?;
        let begun = turn.before(client).await?;
        let call = Call::post("").of_session(&session.id)?.then("prompt_async");
        let call = call.in_directory(Some(&session.directory)).timeout(request.timeout);
        client.open()?.send(call.json(&body)?).await?;
        Ok(turn.follow(client, begun))
    }

    /// Runs one of the server's commands and waits for its turn.
    /// `POST /session/{id}/command`, sent once; errors as those of [`prompt`](Self::prompt)
    pub async fn command(self, request: CommandRequest) -> Result<Message> {
        let session = self.client.info(&request.session_id).await?;
        let mut body = Map::new();
        let name = request.command.trim_start_matches('/');
        if name.is_empty() {
            return Err(OpencodeError::invalid_request("command", "the command has no name"));
        }
        body.insert("command".into(), name.into());
        body.insert("arguments".into(), request.arguments.as_str().into());
        let options = [
            ("agent", agent_in(request.agent.as_deref(), &session)),
            ("model", request.model.as_deref()),
            ("variant", request.variant.as_deref()),
        ];
        for (name, value) in options {
            if let Some(value) = value {
                body.insert(name.into(), value.into());
            }
        }
        let call = TurnCall::new(self.client, &session, "command", body, request.timeout)?;
        let turn = self.client.shared.turns.enter(self.client, &session).await?;
        answered(turn.attended(self.client, call.send()).await?)
    }

    /// Runs a shell command in the session's directory on the server; gives the message with its
    /// output. `POST /session/{id}/shell`, sent once; `CONFLICT` while a turn runs
    pub async fn shell(self, request: ShellRequest) -> Result<Message> {
        let session = self.client.info(&request.session_id).await?;
        let mut body = Map::new();
        body.insert("command".into(), request.command.as_str().into());
        let agent = agent_in(request.agent.as_deref(), &session);
        body.insert("agent".into(), agent.unwrap_or("build").into());
        let model = model_of(request.provider.as_ref(), request.model.as_deref())?;
        if let Some((provider, model)) = model {
            body.insert("model".into(), json!({ "providerID": provider, "modelID": model }));
        }
        let call = TurnCall::new(self.client, &session, "shell", body, request.timeout)?;
        let turn = self.client.shared.turns.enter(self.client, &session).await?;
        answered(turn.attended(self.client, call.send()).await?)
    }

    /// Has a model look at the project and write its `AGENTS.md`. Waits for the turn.
    /// The server's command `init`, sent once
    pub async fn init(self, session_id: &str) -> Result<Message> {
        self.command(CommandRequest {
            session_id: session_id.to_owned(),
            command: "init".to_owned(),
            ..CommandRequest::default()
        })
        .await
    }
}

fn answered(message: Message) -> Result<Message> {
    match message.info.error() {
        Some(error) => Err(error.to_error(message.session_id())),
        None => Ok(message),
    }
}

//! Permission requests and questions: listed, and answered by hand.

use serde_json::json;

use super::client::Client;
use super::handlers::{PermissionAnswer, QuestionAnswer};
use super::http::Call;
use super::types::permission::PermissionRequest;
use super::types::question::QuestionRequest;
use crate::error::Result;

/// What turns ask leave for.
#[derive(Debug, Clone, Copy)]
pub struct Permissions<'c> {
    client: &'c Client,
}

impl<'c> Permissions<'c> {
    pub(super) fn new(client: &'c Client) -> Self {
        Self { client }
    }

    /// The outstanding requests of the client's directory. The server keeps those of aborted turns
    /// in its list. `GET /permission`
    pub async fn list(self) -> Result<Vec<PermissionRequest>> {
        self.client.list_of(self.client.call(Call::get("/permission"))).await
    }

    /// Answers a request. `POST /permission/{id}/reply`; `NOT_FOUND` when it is answered already
    pub async fn reply(self, request_id: &str, answer: PermissionAnswer) -> Result<()> {
        let body = match answer {
            PermissionAnswer::Once => json!({ "reply": "once" }),
            PermissionAnswer::Always => json!({ "reply": "always" }),
            PermissionAnswer::Reject(None) => json!({ "reply": "reject" }),
            PermissionAnswer::Reject(Some(why)) => json!({ "reply": "reject", "message": why }),
        };
        let call = Call::post("").under("permission", "per", request_id)?.then("reply");
        let call = self.client.call(call).json(&body)?;
        self.client.open()?.send(call).await.map(|_| ())
    }
}

/// What turns ask the user.
#[derive(Debug, Clone, Copy)]
pub struct Questions<'c> {
    client: &'c Client,
}

impl<'c> Questions<'c> {
    pub(super) fn new(client: &'c Client) -> Self {
        Self { client }
    }

    /// The outstanding questions of the client's directory. `GET /question`
    pub async fn list(self) -> Result<Vec<QuestionRequest>> {
        self.client.list_of(self.client.call(Call::get("/question"))).await
    }

    /// Answers: for each question the labels chosen, or free text.
    /// `POST /question/{id}/reply`; `NOT_FOUND` when it is answered already
    pub async fn reply(self, request_id: &str, answers: Vec<Vec<String>>) -> Result<()> {
        self.answer(request_id, QuestionAnswer::Answers(answers)).await
    }

    /// Gives no answer. `POST /question/{id}/reject`
    pub async fn reject(self, request_id: &str) -> Result<()> {
        self.answer(request_id, QuestionAnswer::Reject).await
    }

    pub(super) async fn answer(self, request_id: &str, answer: QuestionAnswer) -> Result<()> {
        let call = Call::post("").under("question", "que", request_id)?;
        let call = match answer {
            QuestionAnswer::Answers(answers) => {
                call.then("reply").json(&json!({ "answers": answers }))?
            }
            QuestionAnswer::Reject => call.then("reject"),
        };
        self.client.open()?.send(self.client.call(call)).await.map(|_| ())
    }
}

//! Every operation that is one call with plain data, by its name: what the bindings call.
//!
//! An operation comes as a name and a JSON object of arguments, and its result goes as JSON text.
//! So a binding has no list of operations, no rules and no types of its own to keep in step.
//!
//! | file | holds |
//! |---|---|
//! | `arguments` | what each operation takes |
//! | [`view`] | what is given where Rust has methods: the wire, with what is derived beside it |

mod arguments;
mod table;
pub mod view;

use serde::Serialize;

pub use self::arguments::*;
pub use self::table::Operation;
use self::view::{DiffView, MessageView, PageView, SummaryView, message_views};
use super::client::Client;
use super::handlers::PermissionAnswer;
use super::scope;
use super::types::permission::PermissionReply;
use crate::error::{OpencodeError, Result};

impl Client {
    /// Does an operation and gives its result as JSON: `null` where there is none.
    pub async fn perform(&self, operation: Operation) -> Result<String> {
        match operation {
            Operation::SessionsCreate(request) => json(&self.sessions().create(request).await?),
            Operation::SessionsList(given) => {
                let mut listing =
                    self.sessions().list().roots(given.roots).all_projects(given.all_projects);
                if let Some(text) = given.search {
                    listing = listing.search(text);
                }
                if let Some(time) = given.since {
                    listing = listing.since(time);
                }
                if let Some(limit) = given.limit {
                    listing = listing.limit(limit);
                }
                listing.json().await
            }
            Operation::SessionsGet(of) => json(&self.sessions().get(&of.session_id).await?),
            Operation::SessionsDetails(of) => json(&self.sessions().details(&of.session_id).await?),
            Operation::SessionsUpdate(given) => {
                json(&self.sessions().update(&given.session_id, given.request).await?)
            }
            Operation::SessionsDelete(given) => {
                json(&self.sessions().delete(given.session_id).force(given.force).await?)
            }
            Operation::SessionsChildren(of) => {
                json(&self.sessions().children(&of.session_id).await?)
            }
            Operation::SessionsTodo(of) => json(&self.sessions().todo(&of.session_id).await?),
            Operation::SessionsFork(given) => {
                let mut fork = self.sessions().fork(given.session_id).inclusive(given.inclusive);
                if let Some(message) = given.message_id {
                    fork = fork.at(message);
                }
                json(&fork.await?)
            }
            Operation::SessionsAbort(of) => json(&self.sessions().abort(&of.session_id).await?),
            Operation::SessionsAbortOrErr(of) => {
                json(&self.sessions().abort_or_err(&of.session_id).await?)
            }
            Operation::SessionsShare(of) => json(&self.sessions().share(&of.session_id).await?),
            Operation::SessionsUnshare(of) => json(&self.sessions().unshare(&of.session_id).await?),
            Operation::SessionsRevert(given) => {
                json(&self.sessions().revert(&given.session_id, given.request).await?)
            }
            Operation::SessionsUnrevert(of) => {
                json(&self.sessions().unrevert(&of.session_id).await?)
            }
            Operation::SessionsSummarize(given) => {
                let summary = self.sessions().summarize(&given.session_id, given.request).await?;
                json(&SummaryView::of(&summary))
            }
            Operation::SessionsDiff(of) => json(&self.sessions().diff(&of.session_id).await?),
            Operation::SessionsDiffMessage(of) => {
                let diffs = self.sessions().diff_message(&of.session_id, &of.message_id).await?;
                json(&diffs.iter().map(DiffView::of).collect::<Vec<_>>())
            }
            Operation::SessionsExport(of) => json(&self.sessions().export(&of.session_id).await?),
            Operation::MessagesList(given) => {
                let mut listing = self.messages().list(given.session_id);
                if let Some(limit) = given.limit {
                    listing = listing.limit(limit);
                }
                json(&message_views(&listing.await?))
            }
            Operation::MessagesPage(given) => {
                let mut listing = self.messages().list(given.session_id).limit(given.limit);
                if let Some(cursor) = given.before {
                    listing = listing.before(cursor);
                }
                json(&PageView::of(&listing.page().await?))
            }
            Operation::MessagesGet(of) => {
                let message = self.messages().get(&of.session_id, &of.message_id).await?;
                json(&MessageView::of(&message))
            }
            Operation::MessagesDelete(of) => {
                json(&self.messages().delete(&of.session_id, &of.message_id).await?)
            }
            Operation::MessagesUpdatePart(given) => {
                json(&self.messages().update_part(&given.part).await?)
            }
            Operation::MessagesDeletePart(of) => {
                let messages = self.messages();
                json(&messages.delete_part(&of.session_id, &of.message_id, &of.part_id).await?)
            }
            Operation::MessagesPrompt(request) => {
                json(&MessageView::of(&self.messages().prompt(request).await?))
            }
            Operation::MessagesPromptAsync(request) => {
                json(&self.messages().prompt_async(request).await?)
            }
            Operation::MessagesCommand(request) => {
                json(&MessageView::of(&self.messages().command(request).await?))
            }
            Operation::MessagesShell(request) => {
                json(&MessageView::of(&self.messages().shell(request).await?))
            }
            Operation::MessagesInit(of) => {
                json(&MessageView::of(&self.messages().init(&of.session_id).await?))
            }
            Operation::PermissionsList(Nothing {}) => json(&self.permissions().list().await?),
            Operation::PermissionsReply(given) => {
                let answer = PermissionAnswer::of_reply(&given.reply, given.message)?;
                json(&self.permissions().reply(&given.request_id, answer).await?)
            }
            Operation::QuestionsList(Nothing {}) => json(&self.questions().list().await?),
            Operation::QuestionsReply(given) => {
                json(&self.questions().reply(&given.request_id, given.answers).await?)
            }
            Operation::QuestionsReject(of) => json(&self.questions().reject(&of.request_id).await?),
            Operation::RunSimpleText(given) => json(&self.run_simple_text(given.text).await?),
            Operation::RunText(given) => json(&self.run_text(given.text).await?),
            Operation::WaitIdle(given) => {
                json(&self.wait_idle(&given.session_id, given.timeout).await?)
            }
            Operation::CleanupEphemeral(given) => {
                json(&self.cleanup_ephemeral(given.older_than).await?)
            }
            Operation::ScopeClose(of) => {
                scope::delete(self, &of.session_id).await;
                json(&())
            }
            Operation::Health(Nothing {}) => json(&self.health().await?),
            Operation::Version(Nothing {}) => json(&self.version().await?),
            Operation::Close(Nothing {}) => {
                self.close().await;
                json(&())
            }
        }
    }
}

fn json<T: Serialize>(result: &T) -> Result<String> {
    json_of(result, 256)
}

/// A result of about so many bytes.
pub(super) fn json_of<T: Serialize>(result: &T, bytes: usize) -> Result<String> {
    let failed = |error: String| OpencodeError::decode("the result", error);
    let mut text = Vec::with_capacity(bytes);
    serde_json::to_writer(&mut text, result).map_err(|error| failed(error.to_string()))?;
    String::from_utf8(text).map_err(|error| failed(error.to_string()))
}

impl PermissionAnswer {
    /// The answer of these words; `INVALID_ARGUMENT` for one that the server does not know, or a
    /// reason for anything but a rejection.
    pub fn of_reply(reply: &str, message: Option<String>) -> Result<Self> {
        match (PermissionReply::from(reply), message) {
            (PermissionReply::Once, None) => Ok(Self::Once),
            (PermissionReply::Always, None) => Ok(Self::Always),
            (PermissionReply::Reject, message) => Ok(Self::Reject(message)),
            (PermissionReply::Other(word), _) => Err(OpencodeError::invalid(format!(
                "{word:?} is no answer to a permission request; \"once\", \"always\" and \"reject\" are"
            ))),
            _ => Err(OpencodeError::invalid("only \"reject\" has a message")),
        }
    }
}

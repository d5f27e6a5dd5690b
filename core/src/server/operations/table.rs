//! The one list of operations.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::arguments::*;
use crate::error::{OpencodeError, Result};
use crate::server::types::request::{
    CommandRequest, CreateSessionRequest, PromptRequest, ShellRequest,
};

/// Makes the enum, its names, and the way in.
macro_rules! operations {
    ($($variant:ident($arguments:ty) = $name:literal),+ $(,)?) => {
        /// An operation with its arguments.
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub enum Operation {
            $(#[doc = concat!("`", $name, "`")] $variant($arguments),)+
        }

        impl Operation {
            /// The names of all operations.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// The operation of this name with these arguments, a JSON object.
            /// `INVALID_ARGUMENT` names the argument that is wrong and the right ones.
            pub fn new(name: &str, arguments: Value) -> Result<Self> {
                match name {
                    $($name => read(name, arguments).map(Self::$variant),)+
                    _ => Err(OpencodeError::invalid(format!(
                        "there is no operation {name:?}; there are {}",
                        Self::NAMES.join(", ")
                    ))),
                }
            }

            /// Its name.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)+
                }
            }
        }
    };
}

operations! {
    SessionsCreate(CreateSessionRequest) = "sessions.create",
    SessionsList(ListSessionsArguments) = "sessions.list",
    SessionsGet(OfSession) = "sessions.get",
    SessionsDetails(OfSession) = "sessions.details",
    SessionsUpdate(UpdateArguments) = "sessions.update",
    SessionsDelete(DeleteArguments) = "sessions.delete",
    SessionsChildren(OfSession) = "sessions.children",
    SessionsTodo(OfSession) = "sessions.todo",
    SessionsFork(ForkArguments) = "sessions.fork",
    SessionsAbort(OfSession) = "sessions.abort",
    SessionsAbortOrErr(OfSession) = "sessions.abort_or_err",
    SessionsShare(OfSession) = "sessions.share",
    SessionsUnshare(OfSession) = "sessions.unshare",
    SessionsRevert(RevertArguments) = "sessions.revert",
    SessionsUnrevert(OfSession) = "sessions.unrevert",
    SessionsSummarize(SummarizeArguments) = "sessions.summarize",
    SessionsDiff(OfSession) = "sessions.diff",
    SessionsDiffMessage(OfMessage) = "sessions.diff_message",
    SessionsExport(OfSession) = "sessions.export",
    MessagesList(ListMessagesArguments) = "messages.list",
    MessagesPage(PageArguments) = "messages.page",
    MessagesGet(OfMessage) = "messages.get",
    MessagesDelete(OfMessage) = "messages.delete",
    MessagesUpdatePart(Box<PartArguments>) = "messages.update_part",
    MessagesDeletePart(OfPart) = "messages.delete_part",
    MessagesPrompt(PromptRequest) = "messages.prompt",
    MessagesPromptAsync(PromptRequest) = "messages.prompt_async",
    MessagesCommand(CommandRequest) = "messages.command",
    MessagesShell(ShellRequest) = "messages.shell",
    MessagesInit(OfSession) = "messages.init",
    PermissionsList(Nothing) = "permissions.list",
    PermissionsReply(ReplyArguments) = "permissions.reply",
    QuestionsList(Nothing) = "questions.list",
    QuestionsReply(AnswersArguments) = "questions.reply",
    QuestionsReject(OfRequest) = "questions.reject",
    RunSimpleText(TextArguments) = "run_simple_text",
    RunText(TextArguments) = "run_text",
    WaitIdle(WaitArguments) = "wait_idle",
    CleanupEphemeral(CleanupArguments) = "cleanup_ephemeral",
    ScopeClose(OfSession) = "scope.close",
    Health(Nothing) = "health",
    Version(Nothing) = "version",
    Close(Nothing) = "close",
}

fn read<T: DeserializeOwned>(name: &str, arguments: Value) -> Result<T> {
    serde_path_to_error::deserialize(arguments).map_err(|error| {
        let place = match error.path().to_string().as_str() {
            "." => String::new(),
            path => format!(", argument {path}"),
        };
        // serde quotes names as Markdown does.
        OpencodeError::invalid(format!("{name}{place}: {}", error.inner()).replace('`', "'"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(name: &str, arguments: Value) -> String {
        Operation::new(name, arguments).unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_argument_is_named_beside_the_right_ones() {
        assert_eq!(
            refused("sessions.fork", json!({ "session_id": "ses_1", "mesage_id": "msg_1" })),
            "sessions.fork, argument mesage_id: unknown field 'mesage_id', expected one of \
             'session_id', 'message_id', 'inclusive'"
        );
        assert_eq!(refused("sessions.get", json!({})), "sessions.get: missing field 'session_id'");
        let typed =
            refused("messages.prompt", json!({ "content": [{ "type": "text", "text": 5 }] }));
        assert!(typed.starts_with("messages.prompt, argument content[0]"), "{typed}");
        let update = refused("sessions.update", json!({ "session_id": "s", "titel": "x" }));
        assert!(update.contains("'titel'") && update.contains("'title'"), "{update}");
        let unknown = refused("sessions.gte", json!({}));
        assert!(unknown.contains("sessions.get"), "{unknown}");
    }

    #[test]
    fn every_name_is_an_operation_and_says_so() {
        let ids = json!({ "session_id": "a", "message_id": "b" });
        let fork = Operation::new("sessions.fork", ids).unwrap();
        assert_eq!(fork.name(), "sessions.fork");
        for name in Operation::NAMES {
            let why = Operation::new(name, json!("no object")).unwrap_err().to_string();
            assert!(why.starts_with(name), "{why}");
        }
    }
}

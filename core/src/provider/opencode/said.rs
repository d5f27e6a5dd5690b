//! What is said to the server, and where it is found there again.

use std::sync::Arc;

use crate::error::Result;
use crate::model::{Role, SessionMessage};
use crate::provider::history::{Part, inline, left_out, part};
use crate::server::Client;
use crate::server::types::message::{Message, MessageInfo};
use crate::server::types::request::PromptPart;

/// A message as the parts of a prompt.
pub(super) fn prompt(message: &SessionMessage) -> Vec<PromptPart> {
    let content = Some(&message.content).filter(|content| !content.is_empty());
    let content = content.map(PromptPart::text);
    let parts = message.parts.iter().flatten().map(|value| match part(value) {
        Part::Text(text) => PromptPart::text(text),
        Part::Image(url) | Part::File { data: url, .. } => PromptPart::File {
            path: url.to_owned(),
            content: None,
            mime: inline(url).map(|(media, _)| media.to_owned()),
        },
        Part::Other(kind) => PromptPart::text(left_out(kind)),
    });
    content.into_iter().chain(parts).collect()
}

/// The text of a message as the server has it.
fn text(message: &SessionMessage) -> String {
    let texts = prompt(message).into_iter().filter_map(|part| match part {
        PromptPart::Text { text } => Some(text),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// Forks a session of the server behind what `kept` has of it; gives the new one's id.
pub(super) async fn fork(
    client: &Client,
    session_id: &str,
    kept: &[Arc<SessionMessage>],
) -> Result<String> {
    let there = client.messages().list(session_id).await?;
    let fork = client.sessions().fork(session_id);
    let fork = match first_not_kept(kept, &there) {
        Some(message) => fork.at(message.id()),
        None => fork,
    };
    Ok(fork.await?.id)
}

/// What the user said next there. What was said here and never arrived there is passed over.
fn first_not_kept<'a>(kept: &[Arc<SessionMessage>], there: &'a [Message]) -> Option<&'a Message> {
    let mut rest = there.iter().filter(|message| matches!(message.info, MessageInfo::User(_)));
    for said in kept.iter().filter(|message| message.role == Role::User) {
        let text = text(said);
        let mut after = rest.clone();
        if after.any(|message| message.text() == text) {
            rest = after;
        }
    }
    rest.next()
}

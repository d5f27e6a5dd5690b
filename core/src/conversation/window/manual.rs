//! Pruning by hand.

use super::tokens::Tokens;
use super::view::{Draft, Fate, Given, ViewState};
use crate::model::Role;

/// What pruning by hand keeps, besides the last user message and what came after it last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// The newest so many messages of what is sent. A call and its results stay together, and what
    /// would stand before the first user message goes.
    pub last: usize,
    /// System messages of the history. The system prompt always stays.
    pub system: bool,
    /// Important messages.
    pub important: bool,
}

/// What pruning by hand does.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Pruned {
    /// The messages of the history that it leaves out, oldest first; those that were left out
    /// before are not among them.
    pub left_out: Vec<String>,
    /// What a request takes, before and after.
    pub tokens_before: u64,
    pub tokens_after: u64,
    /// For the next plan; to be thrown away in a dry run.
    pub state: ViewState,
}

/// Leaves all but some messages out of what is sent. Nothing is altered: the result says what
/// would be.
pub fn prune(given: &Given<'_>, keep: Keep, tokens: &mut Tokens) -> Pruned {
    let mut draft = Draft::new(given, tokens);
    let tokens_before = draft.size();
    let newest = draft.items.iter().rposition(|item| item.is_sent() && !item.is_system());
    let last_user = draft.items.iter().rposition(|item| {
        item.is_sent() && item.summary.is_none() && *item.unit.role() == Role::User
    });
    let mut room = keep.last;
    let mut kept_from = draft.items.len();
    for (at, item) in draft.items.iter().enumerate().rev() {
        if item.is_sent() && !item.is_system() && room > 0 {
            room = room.saturating_sub(item.unit.messages.len());
            kept_from = at;
        }
    }
    let begins = draft.items[kept_from..]
        .iter()
        .position(|item| *item.unit.role() == Role::User && item.is_sent());
    let kept_from = kept_from + begins.unwrap_or(0);
    let mut left_out = Vec::new();
    for (at, item) in draft.items.iter_mut().enumerate() {
        let stays = if item.is_system() {
            keep.system
        } else {
            at >= kept_from
                || Some(at) == newest
                || Some(at) == last_user
                || (keep.important && item.unit.is_important())
        };
        if item.is_sent() && !stays {
            item.fate = Fate::Pruned;
            let stored = item.unit.messages.iter().filter(|(place, _)| place.is_some());
            left_out.extend(stored.map(|(_, message)| message.id.clone()));
        }
    }
    let view = draft.finish();
    Pruned { left_out, tokens_before, tokens_after: view.tokens, state: view.state }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::conversation::window::{Plan, Window, plan};
    use crate::model::SessionMessage;

    fn history() -> Vec<Arc<SessionMessage>> {
        let mut messages: Vec<_> = (0..10)
            .map(|n| {
                let role = if n % 2 == 0 { Role::User } else { Role::Assistant };
                let mut message = SessionMessage::new(role, format!("message {n}"));
                message.id = n.to_string();
                message
            })
            .collect();
        messages[3].important = Some(true);
        messages.insert(1, SessionMessage::new(Role::System, "be brief"));
        messages[1].id = "s".into();
        messages.into_iter().map(Arc::new).collect()
    }

    fn ids(messages: &[Arc<SessionMessage>]) -> Vec<&str> {
        messages.iter().map(|message| message.id.as_str()).collect()
    }

    #[test]
    fn pruning_by_hand_leaves_what_was_asked_for_and_holds_for_the_next_requests() {
        let messages = history();
        let given = Given { messages: &messages, ..Given::default() };
        let mut tokens = Tokens::new();
        let keep = Keep { last: 3, system: true, important: true };
        let pruned = prune(&given, keep, &mut tokens);
        assert_eq!(pruned.left_out, ["0", "1", "2", "4", "5", "6", "7"]);
        assert!(pruned.tokens_after < pruned.tokens_before);
        let given = Given { state: Some(&pruned.state), ..given };
        let Plan::Send(view) = plan(&given, &Window::new(10_000), &mut tokens).unwrap() else {
            panic!("there is nothing to summarise")
        };
        assert_eq!(ids(&view.messages), ["s", "msg_opening", "3", "8", "9"]);
        assert_eq!(view.tokens, pruned.tokens_after);
        assert_eq!(view.state, pruned.state);

        let keep = Keep { last: 0, system: false, important: false };
        let pruned = prune(&given, keep, &mut tokens);
        assert_eq!(pruned.left_out, ["s", "3"]);
        let given = Given { state: Some(&pruned.state), ..given };
        let Plan::Send(view) = plan(&given, &Window::new(10_000), &mut tokens).unwrap() else {
            panic!("there is nothing to summarise")
        };
        assert_eq!(ids(&view.messages), ["8", "9"]);
        assert_eq!(view.left_out.len(), 9);
    }
}

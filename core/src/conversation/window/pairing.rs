//! Calls and their results, made whole in what is sent. The history stays as it is.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::tokens::{Made, Tokens};
use crate::model::{Role, SessionMessage};

/// What the model is told of a call that has no result.
const INTERRUPTED: &str = "The call was interrupted: it has no result.";

/// What a conversation begins with whose own beginning is not sent.
const OPENING: &str = "(The beginning of the conversation is not shown.)";

/// What is sent together or not at all: a message, and the results of its calls behind it.
#[derive(Debug)]
pub(super) struct Unit {
    /// Where its first message is in the history.
    pub head: usize,
    /// The message, then the results in the order of its calls; where each is in the history,
    /// if it is.
    pub messages: Vec<(Option<usize>, Arc<SessionMessage>)>,
}

impl Unit {
    pub(super) fn role(&self) -> &Role {
        &self.messages[0].1.role
    }

    pub(super) fn is_important(&self) -> bool {
        self.messages.iter().any(|(_, message)| message.important == Some(true))
    }
}

/// The messages in a form that every provider takes, oldest first: every call has one result right
/// behind its message, every result its call, nothing is empty, and the first that is no system
/// message is a user message.
///
/// - A call without a result gets one that says so, with an id that is always the same.
/// - A result without a call is left out, and so is a second result.
/// - Calls without an id of their own, and answers with nothing in them, are left out.
/// - What comes before the first user message is left out, unless it is important: then a user
///   message that says so is put before it.
pub fn sendable(messages: &[Arc<SessionMessage>]) -> Vec<Arc<SessionMessage>> {
    let mut tokens = Tokens::new();
    let mut units = units(messages, &mut tokens);
    let mut lead = Lead::default();
    units.retain(|unit| lead.keeps(unit.role(), unit.is_important()));
    let mut sent: Vec<_> =
        units.into_iter().flat_map(|unit| unit.messages.into_iter().map(|(_, m)| m)).collect();
    if lead.needs_opening {
        let at = sent.iter().position(|m| m.role != Role::System).unwrap_or(sent.len());
        sent.insert(at, opening(&mut tokens));
    }
    sent
}

/// Sees to it that a conversation begins with a user message.
#[derive(Debug, Default)]
pub(super) struct Lead {
    has_begun: bool,
    pub needs_opening: bool,
}

impl Lead {
    /// Whether the next message can be sent, told in order.
    pub(super) fn keeps(&mut self, role: &Role, must_stay: bool) -> bool {
        if self.has_begun || *role == Role::System {
            return true;
        }
        self.has_begun = *role == Role::User || must_stay;
        self.needs_opening = self.has_begun && *role != Role::User;
        self.has_begun
    }
}

pub(super) fn opening(tokens: &mut Tokens) -> Arc<SessionMessage> {
    tokens.made(Made::Opening, made("msg_opening", Role::User, OPENING.to_owned()))
}

/// A message that is not in the history. It has no time of its own, so that it never changes.
pub(super) fn made(id: impl Into<String>, role: Role, content: String) -> SessionMessage {
    let mut message = SessionMessage::new(role, content);
    message.id = id.into();
    message.timestamp = crate::model::Time::EPOCH;
    message
}

/// The history in units, in the order of their heads.
pub(super) fn units(messages: &[Arc<SessionMessage>], tokens: &mut Tokens) -> Vec<Unit> {
    let mut answers = answers(messages);
    let mut units = Vec::with_capacity(messages.len());
    for (head, message) in messages.iter().enumerate() {
        if message.role == Role::Tool {
            continue;
        }
        let calls = calls_of(message);
        if calls.is_empty() && is_empty_answer(message) {
            continue;
        }
        let sent = match &message.tool_calls {
            Some(all) if all.len() > calls.len() => without_calls(message, &calls, tokens),
            _ => Arc::clone(message),
        };
        let mut unit = Unit { head, messages: vec![(Some(head), sent)] };
        for (number, call) in calls {
            unit.messages.push(match answers.remove(&(head, number)) {
                Some(at) => (Some(at), Arc::clone(&messages[at])),
                None => (None, interrupted(message, number, call, tokens)),
            });
        }
        units.push(unit);
    }
    units
}

/// The calls that can be answered, with their numbers: those with an id, the first of each.
fn calls_of(message: &SessionMessage) -> Vec<(usize, &Value)> {
    if message.role != Role::Assistant {
        return Vec::new();
    }
    let mut seen = HashSet::new();
    let calls = message.tool_calls.iter().flatten().enumerate();
    calls.filter(|(_, call)| id_of(call).is_some_and(|id| seen.insert(id))).collect()
}

fn id_of(call: &Value) -> Option<&str> {
    call.get("id")?.as_str().filter(|id| !id.is_empty())
}

/// Where the result of each call is, by the place of its message and its number there.
///
/// Ids may come again later in a session: a result belongs to the last call before it of its id,
/// and only where there is none, to the first one after it.
fn answers(messages: &[Arc<SessionMessage>]) -> HashMap<(usize, usize), usize> {
    let mut answers = HashMap::new();
    let mut latest: HashMap<&str, (usize, usize)> = HashMap::new();
    let mut early: HashMap<&str, usize> = HashMap::new();
    let mut expected: HashMap<(usize, usize), usize> = HashMap::new();
    for (at, message) in messages.iter().enumerate() {
        for (number, call) in calls_of(message) {
            let Some(id) = id_of(call) else { continue };
            latest.insert(id, (at, number));
            if let Some(before) = early.remove(id) {
                expected.insert((at, number), before);
            }
        }
        let answered = message.tool_call_id.as_deref().filter(|_| message.role == Role::Tool);
        if let Some(id) = answered {
            match latest.get(id) {
                Some(call) => _ = answers.entry(*call).or_insert(at),
                None => _ = early.entry(id).or_insert(at),
            }
        }
    }
    for (call, before) in expected {
        answers.entry(call).or_insert(before);
    }
    answers
}

fn is_empty_answer(message: &SessionMessage) -> bool {
    message.role == Role::Assistant
        && message.content.trim().is_empty()
        && message.parts.as_ref().is_none_or(Vec::is_empty)
}

fn without_calls(
    message: &SessionMessage,
    calls: &[(usize, &Value)],
    tokens: &mut Tokens,
) -> Arc<SessionMessage> {
    let mut copy = message.clone();
    let kept: Vec<Value> = calls.iter().map(|(_, call)| (*call).clone()).collect();
    copy.tool_calls = (!kept.is_empty()).then_some(kept);
    copy.tokens = None;
    tokens.made(Made::WithoutCalls, copy)
}

fn interrupted(
    message: &SessionMessage,
    number: usize,
    call: &Value,
    tokens: &mut Tokens,
) -> Arc<SessionMessage> {
    let id = format!("{}_result_{number}", message.id);
    let mut result = made(id, Role::Tool, INTERRUPTED.to_owned());
    result.tool_call_id = id_of(call).map(str::to_owned);
    let name = call.get("function").and_then(|function| function.get("name")?.as_str());
    result.name = name.map(str::to_owned);
    tokens.made(Made::Interrupted, result)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(id: &str, role: &str, content: &str) -> SessionMessage {
        made(id, Role::from_name(role), content.to_owned())
    }

    fn asks(id: &str, calls: &[&str]) -> SessionMessage {
        let call = |id: &&str| json!({"id": id, "type": "function", "function": {"name": "read", "arguments": "{}"}});
        let mut message = said(id, "assistant", "");
        message.tool_calls = Some(calls.iter().map(call).collect());
        message
    }

    fn result(id: &str, call: &str) -> SessionMessage {
        let mut message = said(id, "tool", "ok");
        message.tool_call_id = Some(call.to_owned());
        message
    }

    fn sent(messages: Vec<SessionMessage>) -> Vec<Arc<SessionMessage>> {
        sendable(&messages.into_iter().map(Arc::new).collect::<Vec<_>>())
    }

    fn ids(messages: &[Arc<SessionMessage>]) -> Vec<&str> {
        messages.iter().map(|message| message.id.as_str()).collect()
    }

    #[test]
    fn a_whole_history_is_sent_as_it_is() {
        let history: Vec<_> = [
            said("s", "system", "be brief"),
            said("u", "user", "read a and b"),
            asks("a", &["1", "2"]),
            result("r1", "1"),
            result("r2", "2"),
            said("b", "assistant", "done"),
        ]
        .map(Arc::new)
        .into();
        let sent = sendable(&history);
        assert!(sent.iter().zip(&history).all(|(sent, said)| Arc::ptr_eq(sent, said)));
        assert_eq!(sent.len(), history.len());
    }

    #[test]
    fn a_call_without_a_result_gets_one_right_behind_that_is_always_the_same() {
        let history = || {
            vec![
                said("u", "user", "go"),
                asks("a", &["1", "2"]),
                result("r2", "2"),
                said("v", "user", "well?"),
            ]
        };
        let first = sent(history());
        assert_eq!(ids(&first), ["u", "a", "a_result_0", "r2", "v"]);
        assert_eq!(first[2].tool_call_id.as_deref(), Some("1"));
        assert_eq!(first[2].name.as_deref(), Some("read"));
        assert!(first[2].content.contains("interrupted"));
        assert_eq!(first, sent(history()));
    }

    #[test]
    fn results_stand_behind_their_call_once_and_not_without_it() {
        let history = vec![
            said("u", "user", "go"),
            result("early", "2"),
            result("orphan", "9"),
            asks("a", &["1", "2"]),
            said("b", "user", "wait"),
            result("r1", "1"),
            result("again", "1"),
        ];
        assert_eq!(ids(&sent(history)), ["u", "a", "r1", "early", "b"]);
    }

    #[test]
    fn an_id_that_comes_again_means_the_call_before() {
        let history = vec![
            said("u", "user", "go"),
            asks("a", &["1"]),
            result("ra", "1"),
            said("v", "user", "again"),
            asks("b", &["1"]),
            result("rb", "1"),
            said("w", "user", "again"),
            asks("c", &["1"]),
        ];
        assert_eq!(ids(&sent(history)), ["u", "a", "ra", "v", "b", "rb", "w", "c", "c_result_0"]);
    }

    #[test]
    fn calls_that_cannot_be_answered_and_empty_answers_are_not_sent() {
        let mut odd = asks("a", &["1", "1", ""]);
        odd.tool_calls.as_mut().unwrap().push(json!("what?"));
        let mut hopeless = asks("b", &[""]);
        hopeless.reasoning = Some(Vec::new());
        let mut cut = said("d", "assistant", "I was about to");
        cut.interrupted = Some(true);
        let history =
            vec![said("u", "user", "go"), odd, hopeless, said("c", "assistant", " \n"), cut];
        let sent = sent(history);
        assert_eq!(ids(&sent), ["u", "a", "a_result_0", "d"]);
        assert_eq!(sent[1].tool_calls.as_ref().unwrap().len(), 1);
    }

    #[test]
    fn what_is_sent_begins_with_the_user() {
        let mut pinned = said("p", "assistant", "remember this");
        let system = || said("s", "system", "be brief");
        let greeting = || said("g", "assistant", "hello, how can I help?");
        let user = || said("u", "user", "go");
        assert_eq!(ids(&sent(vec![system(), greeting(), user()])), ["s", "u"]);
        assert_eq!(ids(&sent(vec![greeting(), pinned.clone()])), Vec::<&str>::new());
        pinned.important = Some(true);
        let sent = sent(vec![system(), greeting(), pinned, user()]);
        assert_eq!(ids(&sent), ["s", "msg_opening", "p", "u"]);
        assert_eq!(sent[1].role, Role::User);
    }
}

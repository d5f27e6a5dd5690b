//! Histories, orderly and not.

use std::sync::Arc;

use opencode_sessions::{Role, SessionMessage};
use proptest::prelude::*;
use serde_json::json;

pub(crate) type History = Vec<Arc<SessionMessage>>;

/// One step of a conversation; numbers are words.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    User(usize),
    System(usize),
    Answer(usize),
    /// Calls that run at once; for each the size of its result, if it has one.
    Calls(usize, Vec<Option<usize>>),
    /// A result of a call that is not there.
    Orphan,
    /// A call that nobody can answer.
    OddCall,
}

pub(crate) fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0usize..60).prop_map(Step::User),
        1 => (1usize..15).prop_map(Step::System),
        3 => (0usize..80).prop_map(Step::Answer),
        4 => (0usize..10, prop::collection::vec(prop::option::weighted(0.8, 0usize..150), 1..4))
            .prop_map(|(words, results)| Step::Calls(words, results)),
        1 => Just(Step::Orphan),
        1 => Just(Step::OddCall),
    ]
}

/// What befalls a history.
#[derive(Debug, Clone)]
pub(crate) enum Mishap {
    Deleted(prop::sample::Index),
    Swapped(prop::sample::Index, prop::sample::Index),
    Repeated(prop::sample::Index),
    Pinned(prop::sample::Index),
}

pub(crate) fn any_mishap() -> impl Strategy<Value = Mishap> {
    use prop::sample::Index;
    prop_oneof![
        any::<Index>().prop_map(Mishap::Deleted),
        (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Mishap::Swapped(a, b)),
        any::<Index>().prop_map(Mishap::Repeated),
        any::<Index>().prop_map(Mishap::Pinned),
    ]
}

pub(crate) fn any_history() -> impl Strategy<Value = History> {
    let steps = prop::collection::vec(any_step(), 0..24);
    let mishaps = prop::collection::vec(any_mishap(), 0..6);
    (steps, mishaps, 1usize..8).prop_map(|(steps, mishaps, ids)| {
        let mut history = build(&steps, ids);
        for (number, mishap) in mishaps.iter().enumerate() {
            befall(&mut history, mishap, number);
        }
        history.into_iter().map(Arc::new).collect()
    })
}

/// A history of these steps. Calls take their ids from so many, so that ids come again, as with
/// some servers.
pub(crate) fn build(steps: &[Step], ids: usize) -> Vec<SessionMessage> {
    let (mut history, mut calls) = (Vec::new(), 0);
    for step in steps {
        match step {
            Step::User(length) => _ = say(&mut history, Role::User, *length + 1),
            Step::System(length) => _ = say(&mut history, Role::System, *length),
            Step::Answer(length) => _ = say(&mut history, Role::Assistant, *length),
            Step::Orphan => {
                say(&mut history, Role::Tool, 20).tool_call_id = Some("nobody".to_owned());
            }
            Step::OddCall => {
                let asks = say(&mut history, Role::Assistant, 0);
                asks.tool_calls = Some(vec![json!({"type": "function"})]);
            }
            Step::Calls(length, results) => {
                let id = |n: usize| format!("call_{}", (calls + n) % ids.max(4));
                let call = |n| {
                    json!({"id": id(n), "type": "function", "function":
                    {"name": "read", "arguments": "{\"path\": \"src/lib.rs\"}"}})
                };
                let asks = say(&mut history, Role::Assistant, *length);
                asks.tool_calls = Some((0..results.len()).map(call).collect());
                for (n, result) in results.iter().enumerate() {
                    let Some(length) = result else { continue };
                    say(&mut history, Role::Tool, *length).tool_call_id = Some(id(n));
                }
                calls += results.len();
            }
        }
    }
    history
}

fn say(history: &mut Vec<SessionMessage>, role: Role, length: usize) -> &mut SessionMessage {
    let mut message = SessionMessage::new(role, words(length));
    message.id = format!("m{}", history.len());
    history.push(message);
    history.last_mut().unwrap()
}

fn befall(history: &mut Vec<SessionMessage>, mishap: &Mishap, number: usize) {
    if history.is_empty() {
        return;
    }
    let length = history.len();
    match mishap {
        Mishap::Deleted(at) => drop(history.remove(at.index(length))),
        Mishap::Swapped(a, b) => history.swap(a.index(length), b.index(length)),
        Mishap::Repeated(at) => {
            let mut again = history[at.index(length)].clone();
            again.id = format!("{}_again_{number}", again.id);
            history.push(again);
        }
        Mishap::Pinned(at) => history[at.index(length)].important = Some(true),
    }
}

/// A text of so many words; one word is one token.
pub(crate) fn words(count: usize) -> String {
    vec!["word"; count].join(" ")
}

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
    let mut say = |role: Role, text: String| {
        let mut message = SessionMessage::new(role, text);
        message.id = format!("m{}", history.len());
        history.push(message);
        history.len() - 1
    };
    let mut edits: Vec<(usize, Box<dyn Fn(&mut SessionMessage)>)> = Vec::new();
    for step in steps {
        match step {
            Step::User(length) => _ = say(Role::User, words(*length + 1)),
            Step::System(length) => _ = say(Role::System, words(*length)),
            Step::Answer(length) => _ = say(Role::Assistant, words(*length)),
            Step::Orphan => {
                let at = say(Role::Tool, words(20));
                edits.push((at, Box::new(|m| m.tool_call_id = Some("nobody".into()))));
            }
            Step::OddCall => {
                let at = say(Role::Assistant, String::new());
                edits.push((
                    at,
                    Box::new(|m| m.tool_calls = Some(vec![json!({"type": "function"})])),
                ));
            }
            Step::Calls(length, results) => {
                let first = calls;
                calls += results.len();
                let id = move |n: usize| format!("call_{}", (first + n) % ids.max(4));
                let count = results.len();
                let at = say(Role::Assistant, words(*length));
                edits.push((
                    at,
                    Box::new(move |m| {
                        let call = |n| {
                            json!({"id": id(n), "type": "function", "function":
                            {"name": "read", "arguments": "{\"path\": \"src/lib.rs\"}"}})
                        };
                        m.tool_calls = Some((0..count).map(call).collect());
                    }),
                ));
                for (n, result) in results.iter().enumerate() {
                    let Some(length) = result else { continue };
                    let at = say(Role::Tool, words(*length));
                    edits.push((at, Box::new(move |m| m.tool_call_id = Some(id(n)))));
                }
            }
        }
    }
    for (at, edit) in edits {
        edit(&mut history[at]);
    }
    history
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

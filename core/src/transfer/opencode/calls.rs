//! Which result and which invocation belong to which tool call, by the place of its message and
//! its place in that message.

use std::collections::{HashMap, HashSet};

use super::kept::{KeptMessage, Source};
use super::to_message;
use crate::model::{Role, Session, ToolInvocation};

/// The result each call has: the one kept with it, or the next `tool` message that names it.
pub(super) fn answers(
    session: &Session,
    kept: &[Option<KeptMessage>],
) -> HashMap<(usize, usize), usize> {
    let messages = &session.messages;
    let call_id = |at: usize, call: usize| {
        messages[at].tool_calls.as_ref().and_then(|calls| calls.get(call)?.get("id")?.as_str())
    };
    let by_id: HashMap<&str, usize> =
        messages.iter().enumerate().map(|(at, message)| (message.id.as_str(), at)).collect();
    let mut answers = HashMap::new();
    let mut taken = vec![false; messages.len()];
    for (at, kept) in kept.iter().enumerate() {
        for part in kept.iter().flat_map(|kept| &kept.parts) {
            let Source::Call { at: call, result: Some(result), .. } = &part.from else { continue };
            let Some(&result) = by_id.get(result.as_str()) else { continue };
            let answer = &messages[result];
            let named = answer.tool_call_id.as_deref();
            if answer.role == Role::Tool && named.is_some() && named == call_id(at, *call) {
                answers.insert((at, *call), result);
                taken[result] = true;
            }
        }
    }
    let mut open: HashMap<&str, Vec<(usize, usize)>> = HashMap::new();
    for (at, message) in messages.iter().enumerate() {
        for call in (0..message.tool_calls.as_ref().map_or(0, Vec::len)).rev() {
            let shown = match &kept[at] {
                Some(kept) => !kept.hidden.iter().any(|hidden| hidden.is_call(call)),
                None => message.role == Role::Assistant,
            };
            if let Some(id) = call_id(at, call)
                && shown
                && !answers.contains_key(&(at, call))
            {
                open.entry(id).or_default().push((at, call));
            }
        }
        if message.role == Role::Tool && !taken[at] {
            let asked = message.tool_call_id.as_deref().and_then(|id| open.get_mut(id)?.pop());
            if let Some(call) = asked {
                answers.insert(call, at);
            }
        }
    }
    answers
}

/// The invocation each call has: the one kept with it, or one of the same tool and arguments.
pub(super) fn runs<'a>(
    session: &'a Session,
    kept: &[Option<KeptMessage>],
) -> HashMap<(usize, usize), &'a ToolInvocation> {
    let by_id: HashMap<&str, &ToolInvocation> =
        session.tool_history.iter().map(|run| (run.id.as_str(), run.as_ref())).collect();
    let mut runs = HashMap::new();
    let mut linked = HashSet::new();
    for (at, kept) in kept.iter().enumerate() {
        for part in kept.iter().flat_map(|kept| &kept.parts) {
            if let Source::Call { at: call, run: Some(run), .. } = &part.from
                && let Some(run) = by_id.get(run.as_str())
            {
                linked.insert(run.id.as_str());
                runs.insert((at, *call), *run);
            }
        }
    }
    let mut free: HashMap<(&str, String), Vec<&ToolInvocation>> = HashMap::new();
    for run in session.tool_history.iter().rev().filter(|run| !linked.contains(run.id.as_str())) {
        let key = (run.tool_name.as_str(), run.arguments.to_string());
        free.entry(key).or_default().push(run);
    }
    if free.is_empty() {
        return runs;
    }
    for (at, message) in session.messages.iter().enumerate() {
        for (index, call) in message.tool_calls.iter().flatten().enumerate() {
            let function = call.get("function");
            let name = function.and_then(|f| f.get("name")?.as_str()).unwrap_or_default();
            let key = (name, to_message::input(call).to_string());
            if let Some(run) = free.get_mut(&key).and_then(Vec::pop) {
                runs.entry((at, index)).or_insert(run);
            }
        }
    }
    runs
}

//! The rules, checked on what is sent without a look at how it came about.

use std::collections::HashSet;
use std::sync::Arc;

use opencode_sessions::conversation::window::{Given, Range, Tokens, View, Window, sendable};
use opencode_sessions::{OpencodeError, Role, SessionMessage};

/// What every message takes besides its own tokens.
const OVERHEAD: u64 = 4;
/// More than the message that a conversation begins with if it has to, and than rounding.
const SLACK: u64 = 40;

pub(crate) fn count(messages: &[Arc<SessionMessage>]) -> u64 {
    let mut tokens = Tokens::new();
    messages.iter().map(|message| tokens.message(message) + OVERHEAD).sum()
}

/// The system prompt and the tools.
fn fixed(given: &Given<'_>) -> u64 {
    let mut tokens = Tokens::new();
    let mut count = given.system.map_or(0, |system| tokens.text(system) + OVERHEAD);
    for tool in given.tools {
        count += tokens.text(&tool.name) + tokens.text(&tool.description) + OVERHEAD;
        count += tokens.text(&tool.parameters.to_string());
    }
    count
}

fn call_ids(message: &SessionMessage) -> Vec<&str> {
    let calls = message.tool_calls.iter().flatten();
    calls.map(|call| call["id"].as_str().expect("a call is sent with its id")).collect()
}

/// Messages in blocks: each with the results behind it.
fn blocks(messages: &[Arc<SessionMessage>]) -> Vec<&[Arc<SessionMessage>]> {
    messages.chunk_by(|_, next| next.role == Role::Tool).collect()
}

/// Every call has one result right behind its message, every result a call.
fn is_paired(messages: &[Arc<SessionMessage>]) {
    for block in blocks(messages) {
        let (asks, results) = block.split_first().unwrap();
        assert_ne!(asks.role, Role::Tool, "a result without a call: {asks:?}");
        let calls = call_ids(asks);
        let unique: HashSet<_> = calls.iter().collect();
        assert_eq!(unique.len(), calls.len(), "a call twice in {}", asks.id);
        let answered: Vec<_> = results.iter().map(|r| r.tool_call_id.as_deref().unwrap()).collect();
        assert_eq!(answered, calls, "the results behind {}", asks.id);
        assert!(
            asks.role != Role::Assistant || !calls.is_empty() || !asks.content.trim().is_empty(),
            "an empty answer: {}",
            asks.id
        );
    }
}

/// Of what could be sent, what has to be: `None` for a block that may go.
fn must_stay(given: &Given<'_>) -> Vec<Vec<Arc<SessionMessage>>> {
    let all = sendable(given.messages);
    let blocks = blocks(&all);
    let is_made = |block: &&[Arc<SessionMessage>]| {
        !given.messages.iter().any(|message| message.id == block[0].id)
    };
    let last_user = blocks.iter().rposition(|b| b[0].role == Role::User && !is_made(b));
    let newest = blocks.iter().rposition(|b| b[0].role != Role::System);
    let pruned = |block: &[Arc<SessionMessage>]| {
        given.state.is_some_and(|state| state.pruned.contains(&block[0].id))
    };
    let stays = |(at, block): (usize, &&[Arc<SessionMessage>])| {
        let is_important = block.iter().any(|message| message.important == Some(true));
        let stays = (is_important || block[0].role == Role::System) && !pruned(block)
            || Some(at) == last_user
            || (Some(at) == newest && last_user.is_some() && given.compactions.is_empty());
        (stays && !is_made(block)).then(|| block.to_vec())
    };
    blocks.iter().enumerate().filter_map(stays).collect()
}

pub(crate) fn check_view(given: &Given<'_>, window: &Window, view: &View) {
    let sent = &view.messages;
    is_paired(sent);
    let first = sent.iter().find(|message| message.role != Role::System);
    assert!(first.is_none_or(|first| first.role == Role::User), "it begins with {first:?}");

    for block in must_stay(given) {
        assert!(
            sent.windows(block.len()).any(|there| there == block),
            "not sent, or not whole: {block:?}"
        );
    }

    let places: Vec<_> = sent
        .iter()
        .filter(|message| message.role != Role::Tool)
        .filter_map(|message| given.messages.iter().position(|known| known.id == message.id))
        .collect();
    assert!(places.is_sorted_by(|a, b| a < b), "out of order: {places:?}");
    let cleared: HashSet<_> = view.cleared.iter().collect();
    let mut found = 0;
    for message in sent {
        match given.messages.iter().find(|known| known.id == message.id) {
            Some(known) if cleared.contains(&message.id) => {
                assert_eq!(message.role, Role::Tool);
                assert_eq!(message.tool_call_id, known.tool_call_id);
                assert_ne!(message.content, known.content);
                found += 1;
            }
            Some(known) => assert_eq!(message.content, known.content, "altered: {}", message.id),
            None => {
                let summary =
                    given.compactions.iter().find(|c| message.content.ends_with(&c.summary));
                let is_result =
                    message.role == Role::Tool && message.content.contains("interrupted");
                let is_opening = message.content.contains("not shown") && Some(message) == first;
                assert!(summary.is_some() || is_result || is_opening, "invented: {message:?}");
            }
        }
    }
    assert_eq!(found, cleared.len(), "cleared, and not sent: {cleared:?}");
    for id in &view.left_out {
        assert!(given.messages.iter().any(|message| message.id == *id), "{id}");
        assert!(!sent.iter().any(|message| message.id == *id), "left out and sent: {id}");
    }

    let counted = count(sent) + fixed(given);
    assert_eq!(view.counted, counted);
    if given.reported.is_none() {
        assert_eq!(view.tokens, counted);
    }
    assert!(view.tokens + window.reserve <= window.max, "{} does not fit", view.tokens);
    let is_untouched =
        given.reported.is_none() && given.state.is_none() && given.compactions.is_empty();
    if is_untouched {
        let all = sendable(given.messages);
        let whole = count(&all) + fixed(given) + window.reserve;
        if whole <= (window.max as f64 * window.threshold) as u64 {
            assert_eq!(*sent, all, "pruned before the threshold");
        }
    }
}

pub(crate) fn check_error(given: &Given<'_>, window: &Window, error: &OpencodeError) {
    assert_eq!(error.code().as_str(), "CONTEXT_LENGTH_EXCEEDED", "{error}");
    let least: u64 = must_stay(given).iter().map(|block| count(block)).sum::<u64>() + fixed(given);
    if given.reported.is_none() && given.compactions.is_empty() {
        assert!(least + SLACK + window.reserve > window.max, "{least} would fit: {error}");
    }
    assert!(!error.retryable());
}

pub(crate) fn check_range(given: &Given<'_>, window: &Window, range: &Range) {
    let place = |id: &str| given.messages.iter().position(|message| message.id == id);
    let (first, last) = (place(&range.first).unwrap(), place(&range.last).unwrap());
    assert!(first <= last);
    is_paired(&range.messages);
    assert_eq!(count(&range.messages), range.tokens);
    if given.reported.is_none() {
        assert!(range.tokens + range.room + window.reserve <= window.max);
    }
    for block in must_stay(given) {
        assert!(!range.messages.iter().any(|message| message.id == block[0].id), "{block:?}");
    }
    if given.state.is_none() && given.compactions.is_empty() {
        let stay: HashSet<_> = must_stay(given).iter().map(|block| block[0].id.clone()).collect();
        let all = sendable(given.messages);
        for block in blocks(&all).iter().filter(|block| !stay.contains(&block[0].id)) {
            let is_in = place(&block[0].id).is_some_and(|at| (first..=last).contains(&at));
            let is_shown = range.messages.iter().any(|message| message.id == block[0].id);
            assert_eq!(is_in, is_shown, "summarised unseen, or seen twice: {block:?}");
        }
    }
    for message in range.messages.iter().filter(|message| message.role != Role::Tool) {
        if let Some(at) = place(&message.id) {
            assert!((first..=last).contains(&at), "{} is not in the range", message.id);
        }
    }
}

//! What to do before a request: send, or have something summarised first.

use std::sync::Arc;

use super::tokens::Tokens;
use super::view::{Count, Draft, Fate, Given, View, note};
use super::{PruneStrategy, Window};
use crate::defaults;
use crate::error::{ErrorCode, OpencodeError, Result};
use crate::model::{Role, SessionMessage};

/// What comes next.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    Send(View),
    /// A model is to write a summary; with it as a [`Compaction`](super::Compaction) of this
    /// range, plan again.
    Summarize(Range),
}

/// Messages that are to be summarised.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Range {
    /// The ids of its first and its last message in the history.
    pub first: String,
    pub last: String,
    /// What the model is to be shown: calls with their results, the summary before this one.
    /// Important messages in the range are not among them; they are sent as they are.
    pub messages: Vec<Arc<SessionMessage>>,
    /// What they take, by the local count.
    pub tokens: u64,
    /// The summary is to take no more tokens than this.
    pub room: u64,
    pub strategy: PruneStrategy,
}

/// Decides what the next request holds, to be asked before every one.
///
/// Nothing is pruned until what would be sent and the answer's reserve fill the threshold; then
/// enough goes that it is some time until the next. Calls stay with their results; the system
/// prompt, important messages, the last user message and the newest message stay.
///
/// `CONTEXT_LENGTH_EXCEEDED` when what has to stay does not fit; `INVALID_ARGUMENT` for a window
/// that is none.
pub fn plan(given: &Given<'_>, window: &Window, tokens: &mut Tokens) -> Result<Plan> {
    window.check()?;
    let mut draft = Draft::new(given, tokens);
    let mut local = draft.local();
    let whole = draft.size_of(local);
    if whole > window.budget() {
        if window.strategy.clears_results() {
            clear_results(&mut draft, &mut local, window, tokens);
        }
        if window.strategy.summarizes()
            && draft.size_of(local) > window.budget()
            && let Some(range) = to_summarize(&draft, local, window)
        {
            return Ok(Plan::Summarize(range));
        }
        // Words are lost to save results only when there is no other way.
        let can_wait = window.strategy == PruneStrategy::ToolResults && whole <= window.limit();
        if !can_wait && draft.size_of(local) > window.budget() {
            slide(&mut draft, &mut local, window);
        }
    }
    draft.lead();
    if draft.size() > window.limit() {
        return Err(too_long(&draft, window));
    }
    Ok(Plan::Send(draft.finish()))
}

/// Notes for old results, oldest first. Where they win too little to be worth a change of the
/// beginning of what is sent, only when it does not fit.
fn clear_results(draft: &mut Draft<'_>, local: &mut Count, window: &Window, tokens: &mut Tokens) {
    let (mut after, mut chosen) = (*local, Vec::new());
    'enough: for (number, item) in draft.items.iter().enumerate().filter(|(_, i)| i.may_go()) {
        for (at, (place, result)) in item.unit.messages.iter().enumerate().skip(1) {
            if draft.size_of(after) <= window.target() {
                break 'enough;
            }
            let long = tokens.message(result);
            let short = note(result, tokens);
            let short = tokens.message(&short);
            if long > 2 * short {
                after.take(draft.is_known(*place, item.unit.head), long - short);
                chosen.push((number, at));
            }
        }
    }
    let is_step = draft.size_of(after) <= window.target();
    if is_step || draft.size_of(*local) > window.limit() {
        chosen.into_iter().for_each(|(item, at)| draft.clear(item, at, tokens));
        *local = after;
    }
}

/// Leaves out whole turns, oldest first; then the summary of what was before; then the oldest of
/// the last turn.
fn slide(draft: &mut Draft<'_>, local: &mut Count, window: &Window) {
    let (summaries, turns, last_turn) = groups(draft);
    for group in turns.into_iter().chain(summaries) {
        if draft.size_of(*local) <= window.target() {
            return;
        }
        group.into_iter().for_each(|item| leave_out(draft, item, local));
    }
    if draft.size_of(*local) <= window.budget() {
        return;
    }
    for item in last_turn {
        if draft.size_of(*local) <= window.target() {
            return;
        }
        leave_out(draft, item, local);
    }
}

fn leave_out(draft: &mut Draft<'_>, item: usize, local: &mut Count) {
    let item = &mut draft.items[item];
    item.fate = Fate::LeftOut;
    local.take_all(item.count);
}

type Group = Vec<usize>;

/// What may go: summaries one by one, the turns before the last one, and the rest of the last.
fn groups(draft: &Draft<'_>) -> (Vec<Group>, Vec<Group>, Group) {
    let (mut summaries, mut turns, mut turn) = (Vec::new(), Vec::new(), Group::new());
    for (at, item) in draft.items.iter().enumerate() {
        let is_summary = item.summary.is_some();
        if *item.unit.role() == Role::User && !is_summary && !turn.is_empty() {
            turns.push(std::mem::take(&mut turn));
        }
        if item.may_go() {
            if is_summary { summaries.push(vec![at]) } else { turn.push(at) }
        }
    }
    (summaries, turns, turn)
}

/// The oldest messages, as many as have to go and one request can hold. `None` where a summary
/// would not help.
fn to_summarize(draft: &Draft<'_>, local: Count, window: &Window) -> Option<Range> {
    if draft.given.summarized >= defaults::SUMMARIES_PER_TURN {
        return None;
    }
    let room = window.summary_room();
    // The request that asks for the summary holds some words of its own.
    let most = window.limit().saturating_sub(2 * room);
    let mut rest = local;
    let (mut chosen, mut size) = (Vec::new(), Count::default());
    for (at, item) in draft.items.iter().enumerate() {
        let left = draft.size_of(rest).saturating_add(room);
        let begins_turn = *item.unit.role() == Role::User && item.summary.is_none();
        if left <= window.target() && (begins_turn || left <= window.target() / 2) {
            break;
        }
        if !item.may_go() {
            continue;
        }
        size.add_all(item.count);
        if draft.size_of(size) > most {
            break;
        }
        chosen.push(at);
        rest.take_all(item.count);
    }
    range(draft, &chosen, room, window.strategy)
}

fn range(draft: &Draft<'_>, chosen: &[usize], room: u64, strategy: PruneStrategy) -> Option<Range> {
    let items = || chosen.iter().map(|at| &draft.items[*at]);
    let tokens: u64 = items().map(|item| item.count.total()).sum();
    if tokens <= 2 * room || items().all(|item| item.summary.is_some()) {
        return None;
    }
    let Given { messages, compactions, .. } = draft.given;
    let (first, last) = (items().next()?, items().next_back()?);
    let id_at = |place: usize| messages[place].id.clone();
    // What a later unit begins with is not in the range, even where a result stands behind it.
    let next = draft.items.get(chosen.last()? + 1).map_or(usize::MAX, |item| item.unit.head);
    let places = last.unit.messages.iter().filter_map(|(place, _)| *place);
    let last_place = places.filter(|place| *place < next).max().unwrap_or(last.unit.head);
    let shown = items().flat_map(|item| &item.unit.messages);
    Some(Range {
        first: first
            .summary
            .map_or_else(|| id_at(first.unit.head), |summary| compactions[summary].first.clone()),
        last: last
            .summary
            .map_or_else(|| id_at(last_place), |summary| compactions[summary].last.clone()),
        messages: shown.map(|(_, message)| Arc::clone(message)).collect(),
        tokens,
        room,
        strategy,
    })
}

fn too_long(draft: &Draft<'_>, window: &Window) -> OpencodeError {
    let (system, tools) = draft.fixed;
    let sent = draft.items.iter().filter(|item| item.is_sent());
    let messages: u64 = sent.clone().map(|item| item.count.total()).sum();
    let largest = sent
        .flat_map(|item| item.unit.messages.iter().map(|(_, message)| message))
        .max_by_key(|message| message.content.len());
    let largest = largest.map_or_else(String::new, |message| {
        format!("; the longest is the {} message {}", message.role, message.id)
    });
    OpencodeError::Model {
        code: ErrorCode::ContextLengthExceeded,
        message: format!(
            "the request takes {} tokens, and {} of the context window's {} are left beside the \
             {} reserved for the answer: the system prompt takes {system}, the tools {tools}, the \
             messages that have to stay {messages}{largest}",
            draft.size(),
            window.limit(),
            window.max,
            window.reserve,
        ),
        session_id: None,
        status: None,
        retryable: false,
        retry_after: None,
    }
}

//! What of a history is sent: given the history and what was pruned before, how large it is.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Compaction;
use super::pairing::{self, Lead, Unit, made};
use super::tokens::{Made, Tokens};
use crate::model::{Role, SessionMessage};
use crate::provider::ToolSpec;

/// What the model is told in place of a result that made room.
const CLEARED: &str = "[This result was removed to make room. Call the tool again if you need it.]";

/// What stands before a summary.
const SUMMARY: &str = "Summary of the conversation until here:";

/// A conversation, as far as its window is concerned.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given<'a> {
    pub system: Option<&'a str>,
    pub tools: &'a [ToolSpec],
    /// The whole history, oldest first.
    pub messages: &'a [Arc<SessionMessage>],
    /// Oldest first. One whose first or last message is gone is not used, nor is one that
    /// overlaps a newer one.
    pub compactions: &'a [Compaction],
    /// What the provider counted last; the local count alone without one.
    pub reported: Option<&'a Reported>,
    /// What the last plan's view gave; `None` at first.
    pub state: Option<&'a ViewState>,
    /// How often this turn had its history summarised already.
    pub summarized: u32,
}

/// What a provider counted for a request that it answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// The answer.
    pub message_id: String,
    /// The request and the answer: prompt and completion tokens, cached ones included.
    pub tokens: u64,
    /// The local count of the same, where it is known: [`View::counted`] and the answer's. Without
    /// it, what is sent is taken for unchanged since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<u64>,
}

/// What was pruned before, by message ids. It stays pruned, so that the beginning of what is sent
/// stays the same from request to request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ViewState {
    /// Left out by a strategy. What is marked important later comes back.
    pub left_out: BTreeSet<String>,
    /// Left out by hand, whatever it is.
    pub pruned: BTreeSet<String>,
    /// Results that are sent as a note.
    pub cleared: BTreeSet<String>,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct View {
    /// Goes out as it is.
    pub messages: Vec<Arc<SessionMessage>>,
    /// What the request takes of the window, without the answer: the provider's count as far as
    /// it goes, the local one for the rest.
    pub tokens: u64,
    /// The local count of the same; see [`Reported::counted`].
    pub counted: u64,
    /// Messages of the history that are left out because they were pruned, oldest first.
    pub left_out: Vec<String>,
    /// Results that are sent as a note, oldest first.
    pub cleared: Vec<String>,
    /// The compactions whose summary is sent.
    pub summaries: Vec<String>,
    /// For the next plan.
    pub state: ViewState,
}

/// How much of the window a conversation takes, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ContextUsage {
    /// What would be sent now, without the answer.
    pub current: u64,
    pub max: u64,
    /// `current` of `max`, in percent; above 100 when something has to go.
    pub percent: f64,
}

/// How much of a window what would be sent now takes, before anything more is pruned.
pub fn usage(given: &Given<'_>, max: u64, tokens: &mut Tokens) -> ContextUsage {
    let current = Draft::new(given, tokens).size();
    let percent = if max == 0 { 100.0 } else { current as f64 * 100.0 / max as f64 };
    ContextUsage { current, max, percent }
}

/// Local counts: of what the provider has counted too, and of what came since.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Count {
    pub known: u64,
    pub new: u64,
}

impl Count {
    pub(super) fn total(self) -> u64 {
        self.known + self.new
    }

    fn add(&mut self, is_known: bool, tokens: u64) {
        *(if is_known { &mut self.known } else { &mut self.new }) += tokens;
    }

    pub(super) fn take(&mut self, is_known: bool, tokens: u64) {
        *(if is_known { &mut self.known } else { &mut self.new }) -= tokens;
    }

    pub(super) fn add_all(&mut self, other: Self) {
        self.known += other.known;
        self.new += other.new;
    }

    pub(super) fn take_all(&mut self, other: Self) {
        self.known -= other.known;
        self.new -= other.new;
    }
}

/// Why something is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Sent,
    LeftOut,
    Pruned,
    /// It can not stand where it would.
    Unfit,
}

/// A part of the view: a unit of the history, or a summary.
#[derive(Debug)]
pub(super) struct Item {
    pub unit: Unit,
    pub count: Count,
    pub fate: Fate,
    /// No strategy leaves it out.
    pub must_stay: bool,
    /// Which compaction's summary it is.
    pub summary: Option<usize>,
}

impl Item {
    pub(super) fn is_system(&self) -> bool {
        *self.unit.role() == Role::System
    }

    pub(super) fn is_sent(&self) -> bool {
        self.fate == Fate::Sent
    }

    pub(super) fn may_go(&self) -> bool {
        self.is_sent() && !self.must_stay
    }
}

/// A view in the making.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub given: Given<'a>,
    pub items: Vec<Item>,
    /// The system prompt's tokens and the tools'.
    pub fixed: (u64, u64),
    pub cleared: BTreeSet<String>,
    opening: Arc<SessionMessage>,
    opening_tokens: u64,
    needs_opening: bool,
    /// Where the provider's count ends in the history.
    reported_at: Option<usize>,
    /// What the provider counted, and the local count of it.
    scale: Option<(u64, u64)>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(given: &Given<'a>, tokens: &mut Tokens) -> Self {
        let reported = given.reported.filter(|reported| reported.tokens > 0);
        let reported_at = reported.and_then(|reported| {
            given.messages.iter().rposition(|message| message.id == reported.message_id)
        });
        let opening = pairing::opening(tokens);
        let mut draft = Self {
            given: *given,
            items: Vec::new(),
            fixed: tokens.fixed(given.system, given.tools),
            cleared: BTreeSet::new(),
            opening_tokens: tokens.sent(&opening),
            opening,
            needs_opening: false,
            reported_at,
            scale: None,
        };
        draft.fill(tokens);
        draft.protect();
        draft.lead();
        if let (Some(reported), Some(_)) = (reported, reported_at) {
            let known = draft.local().known;
            draft.scale = Some((reported.tokens, reported.counted.unwrap_or(known).max(1)));
        }
        draft
    }

    /// Items for the history, with summaries for what they stand for.
    fn fill(&mut self, tokens: &mut Tokens) {
        let units = pairing::units(self.given.messages, tokens);
        let owners = owners(self.given.compactions, self.given.messages);
        let last_user = units.iter().rposition(|unit| *unit.role() == Role::User);
        let mut shown = BTreeSet::new();
        for (number, unit) in units.into_iter().enumerate() {
            let owner = owners.get(unit.head).copied().flatten();
            let stays =
                *unit.role() == Role::System || unit.is_important() || last_user == Some(number);
            if let Some(owner) = owner.filter(|_| !stays) {
                if shown.insert(owner) {
                    let item = self.summary(owner, unit.head, tokens);
                    self.items.push(item);
                }
                continue;
            }
            let item = self.item(unit, None, stays, tokens);
            self.items.push(item);
        }
    }

    fn item(
        &mut self,
        mut unit: Unit,
        summary: Option<usize>,
        must_stay: bool,
        tokens: &mut Tokens,
    ) -> Item {
        let mut fate = Fate::Sent;
        if let Some(state) = self.given.state {
            let id = &unit.messages[0].1.id;
            if state.pruned.contains(id) {
                fate = Fate::Pruned;
            } else if state.left_out.contains(id) && !must_stay {
                fate = Fate::LeftOut;
            }
            if !unit.is_important() {
                for at in 1..unit.messages.len() {
                    if state.cleared.contains(&unit.messages[at].1.id) {
                        clear(&mut unit, at, &mut self.cleared, tokens);
                    }
                }
            }
        }
        let count = self.count(&unit, tokens);
        Item { unit, count, fate, must_stay, summary }
    }

    fn summary(&mut self, owner: usize, head: usize, tokens: &mut Tokens) -> Item {
        let compaction = &self.given.compactions[owner];
        let text = format!("{SUMMARY}\n\n{}", compaction.summary);
        let message = made(format!("msg_summary_{}", compaction.id), Role::User, text);
        let message = tokens.made(Made::Summary, message);
        let unit = Unit { head, messages: vec![(None, message)] };
        self.item(unit, Some(owner), false, tokens)
    }

    fn count(&self, unit: &Unit, tokens: &mut Tokens) -> Count {
        let mut count = Count::default();
        for (place, message) in &unit.messages {
            count.add(self.is_known(*place, unit.head), tokens.sent(message));
        }
        count
    }

    /// Whether the provider has counted a message that is at this place in the history, or, where
    /// it is not in it, in the unit with this head.
    pub(super) fn is_known(&self, place: Option<usize>, head: usize) -> bool {
        self.reported_at.is_some_and(|reported| match place {
            Some(place) => place <= reported,
            None => head < reported,
        })
    }

    /// The last user message stays whoever prunes; what came after it last, for a strategy: a model
    /// that is not shown what it asked for asks again.
    fn protect(&mut self) {
        let is_last_user = |item: &Item| item.summary.is_none() && *item.unit.role() == Role::User;
        let Some(user) = self.items.iter().rposition(is_last_user) else { return };
        self.items[user].must_stay = true;
        self.items[user].fate = Fate::Sent;
        if let Some(last) = self.items[user..].iter_mut().rfind(|item| !item.is_system()) {
            last.must_stay = true;
            last.fate = Fate::Sent;
        }
    }

    /// Begins with a user message, with an opening if it has to.
    pub(super) fn lead(&mut self) {
        let mut lead = Lead::default();
        for item in self.items.iter_mut().filter(|item| item.is_sent()) {
            if !lead.keeps(item.unit.role(), item.must_stay) {
                item.fate = Fate::Unfit;
            }
        }
        self.needs_opening = lead.needs_opening;
    }

    /// The local count of what is sent.
    pub(super) fn local(&self) -> Count {
        let fixed = self.fixed.0 + self.fixed.1;
        let mut count = Count::default();
        count.add(self.reported_at.is_some(), fixed);
        if self.needs_opening {
            count.add(false, self.opening_tokens);
        }
        for item in self.items.iter().filter(|item| item.is_sent()) {
            count.add_all(item.count);
        }
        count
    }

    /// What the request takes, as well as it can be known.
    pub(super) fn size(&self) -> u64 {
        self.size_of(self.local())
    }

    /// The provider's count, in proportion to what of it is left, and the local one of the rest.
    pub(super) fn size_of(&self, count: Count) -> u64 {
        let known = match self.scale {
            None => count.known,
            Some((reported, counted)) => {
                let scaled = u128::from(count.known) * u128::from(reported) / u128::from(counted);
                u64::try_from(scaled).unwrap_or(u64::MAX)
            }
        };
        known.saturating_add(count.new)
    }

    /// Sends a note in place of a result.
    pub(super) fn clear(&mut self, item: usize, at: usize, tokens: &mut Tokens) {
        clear(&mut self.items[item].unit, at, &mut self.cleared, tokens);
        self.items[item].count = self.count(&self.items[item].unit, tokens);
    }

    pub(super) fn finish(mut self) -> View {
        self.lead();
        let count = self.local();
        let (tokens, counted) = (self.size_of(count), count.total());
        let mut view = View {
            messages: Vec::with_capacity(self.items.len() + 1),
            tokens,
            counted,
            left_out: Vec::new(),
            cleared: Vec::new(),
            summaries: Vec::new(),
            state: ViewState { cleared: self.cleared, ..ViewState::default() },
        };
        let mut needs_opening = self.needs_opening;
        for item in self.items {
            let stored = item.unit.messages.iter().filter(|(at, _)| at.is_some());
            let ids = stored.map(|(_, message)| message.id.clone());
            let head = item.unit.messages[0].1.id.clone();
            match item.fate {
                Fate::Unfit => {}
                Fate::LeftOut => {
                    view.left_out.extend(ids);
                    view.state.left_out.insert(head);
                }
                Fate::Pruned => {
                    view.left_out.extend(ids);
                    view.state.pruned.insert(head);
                }
                Fate::Sent => {
                    let results = item.unit.messages[1..].iter();
                    let cleared = results.filter(|(_, m)| view.state.cleared.contains(&m.id));
                    view.cleared.extend(cleared.map(|(_, message)| message.id.clone()));
                    let summary = item.summary.map(|owner| &self.given.compactions[owner].id);
                    view.summaries.extend(summary.cloned());
                    if needs_opening && *item.unit.role() != Role::System {
                        view.messages.push(Arc::clone(&self.opening));
                        needs_opening = false;
                    }
                    view.messages.extend(item.unit.messages.into_iter().map(|(_, m)| m));
                }
            }
        }
        view
    }
}

/// The note in place of a result.
pub(super) fn note(result: &SessionMessage, tokens: &mut Tokens) -> Arc<SessionMessage> {
    let mut note = made(result.id.clone(), Role::Tool, CLEARED.to_owned());
    note.tool_call_id.clone_from(&result.tool_call_id);
    note.name.clone_from(&result.name);
    note.timestamp = result.timestamp;
    tokens.made(Made::Cleared, note)
}

fn clear(unit: &mut Unit, at: usize, cleared: &mut BTreeSet<String>, tokens: &mut Tokens) {
    let result = &mut unit.messages[at].1;
    *result = note(result, tokens);
    cleared.insert(result.id.clone());
}

/// Which compaction stands for each message, by place; the newest has its say first.
fn owners(compactions: &[Compaction], messages: &[Arc<SessionMessage>]) -> Vec<Option<usize>> {
    if compactions.is_empty() {
        return Vec::new();
    }
    let places: HashMap<&str, usize> =
        messages.iter().enumerate().map(|(at, message)| (message.id.as_str(), at)).collect();
    let mut owners = vec![None; messages.len()];
    for (owner, compaction) in compactions.iter().enumerate().rev() {
        let ends = [&compaction.first, &compaction.last].map(|id| places.get(id.as_str()));
        let [Some(&first), Some(&last)] = ends else { continue };
        let Some(range) = owners.get_mut(first..=last) else { continue };
        if range.iter().all(Option::is_none) {
            range.fill(Some(owner));
        }
    }
    owners
}

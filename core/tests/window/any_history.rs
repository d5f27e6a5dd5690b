//! Any history, any window, every strategy.

use std::sync::Arc;

use opencode_sessions::SessionMessage;
use opencode_sessions::conversation::window::{
    Compaction, Given, Keep, Plan, PruneStrategy, Reported, Tokens, ViewState, Window, plan, prune,
    sendable,
};
use opencode_sessions::provider::ToolSpec;
use proptest::prelude::*;
use serde_json::json;

use crate::history::{any_history, words};
use crate::rules::{check_error, check_range, check_view};

fn any_window() -> impl Strategy<Value = Window> {
    let strategies = prop::sample::select(vec![
        PruneStrategy::SlidingWindow,
        PruneStrategy::ToolResults,
        PruneStrategy::Summarize,
        PruneStrategy::Hybrid,
    ]);
    (60u64..1_500, 0.0..0.4, 0.5..=1.0, strategies).prop_map(|(max, share, threshold, strategy)| {
        let reserve = (max as f64 * share) as u64;
        Window { max, reserve, threshold, strategy }
    })
}

fn tool() -> ToolSpec {
    let parameters = json!({"type": "object", "properties": {"path": {"type": "string"}}});
    ToolSpec { name: "read".into(), description: "Reads a file.".into(), parameters }
}

/// A conversation as its turns see it: what was planned before, and what was summarised.
struct Talk {
    window: Window,
    tokens: Tokens,
    state: Option<ViewState>,
    compactions: Vec<Compaction>,
    summary_words: usize,
    system: Option<String>,
    tools: Vec<ToolSpec>,
}

impl Talk {
    /// Plans one request, with every summary that is asked for on the way.
    fn request(&mut self, messages: &[Arc<SessionMessage>], reported: Option<&Reported>) {
        for summarized in 0..10 {
            let given = Given {
                system: self.system.as_deref(),
                tools: &self.tools,
                messages,
                compactions: &self.compactions,
                reported,
                state: self.state.as_ref(),
                summarized,
            };
            match plan(&given, &self.window, &mut self.tokens) {
                Ok(Plan::Send(view)) => {
                    check_view(&given, &self.window, &view);
                    self.state = Some(view.state);
                    return;
                }
                Err(error) => return check_error(&given, &self.window, &error),
                Ok(Plan::Summarize(range)) => {
                    check_range(&given, &self.window, &range);
                    let summary = format!("{summarized}: {}", words(self.summary_words));
                    let (before, strategy) = (range.tokens, range.strategy);
                    let made =
                        Compaction::new(range.first, range.last, summary, strategy, before, 0);
                    self.compactions.push(made);
                }
            }
        }
        panic!("it summarises for ever");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sent_obeys_every_rule_and_fits_or_the_error_says_that_it_cannot(
        messages in any_history(),
        window in any_window(),
        planned_at in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        summary_words in 0usize..200,
        has_system in any::<bool>(),
        by_hand in prop::option::weighted(0.2, (0usize..6, any::<bool>(), any::<bool>())),
        reported in prop::option::weighted(0.3, (any::<prop::sample::Index>(), 1u64..3_000)),
    ) {
        let mut talk = Talk {
            window,
            tokens: Tokens::new(),
            state: None,
            compactions: Vec::new(),
            summary_words,
            system: has_system.then(|| "Be brief.".to_owned()),
            tools: if has_system { vec![tool()] } else { Vec::new() },
        };
        let mut lengths: Vec<_> = planned_at.iter().map(|at| at.index(messages.len() + 1)).collect();
        lengths.sort_unstable();
        for length in lengths {
            talk.request(&messages[..length], None);
        }
        if let Some((last, system, important)) = by_hand {
            let given = Given {
                messages: &messages, compactions: &talk.compactions, state: talk.state.as_ref(),
                ..Given::default()
            };
            let pruned = prune(&given, Keep { last, system, important }, &mut talk.tokens);
            prop_assert!(pruned.tokens_after <= pruned.tokens_before + 40);
            talk.state = Some(pruned.state);
        }
        talk.request(&messages, None);
        if let (Some((at, tokens)), false) = (reported, messages.is_empty()) {
            let message_id = messages[at.index(messages.len())].id.clone();
            talk.request(&messages, Some(&Reported { message_id, tokens, counted: None }));
        }
    }

    #[test]
    fn what_can_be_sent_can_be_sent_again(messages in any_history()) {
        let sent = sendable(&messages);
        prop_assert_eq!(&sendable(&sent), &sent);
        prop_assert_eq!(&sendable(&messages), &sent);
    }
}

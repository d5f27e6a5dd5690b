//! Long conversations: they go on, the beginning of what is sent seldom changes, and nothing is
//! counted twice.

use std::sync::Arc;

use opencode_sessions::conversation::window::{
    Compaction, Given, Plan, PruneStrategy, Reported, Tokens, View, ViewState, Window, plan, usage,
};
use opencode_sessions::defaults::SUMMARIES_PER_TURN;
use opencode_sessions::{Role, SessionMessage};

use crate::history::{History, Step, build, words};
use crate::rules::check_view;

const STRATEGIES: [PruneStrategy; 4] = [
    PruneStrategy::SlidingWindow,
    PruneStrategy::ToolResults,
    PruneStrategy::Summarize,
    PruneStrategy::Hybrid,
];

/// Turns with tools: a question, two calls at once, another call, an answer.
fn turns(count: usize) -> History {
    let turn = |n: usize| {
        [
            Step::User(20 + n % 7),
            Step::Calls(5, vec![Some(60 + n % 11), Some(30)]),
            Step::Calls(0, vec![Some(100)]),
            Step::Answer(40),
        ]
    };
    let steps: Vec<_> = (0..count).flat_map(turn).collect();
    build(&steps, usize::MAX).into_iter().map(Arc::new).collect()
}

fn send(plan: Plan) -> View {
    match plan {
        Plan::Send(view) => view,
        Plan::Summarize(range) => panic!("summarise {} to {}", range.first, range.last),
    }
}

#[test]
fn two_hundred_turns_with_tools_go_through_a_small_window_and_seldom_lose_the_cached_beginning() {
    let history = turns(200);
    for strategy in STRATEGIES {
        let window = Window { strategy, ..Window::new(4_000) };
        let mut tokens = Tokens::new();
        let (mut state, mut compactions): (Option<ViewState>, Vec<Compaction>) = (None, Vec::new());
        let mut before: History = Vec::new();
        let (mut requests, mut changes) = (0, 0);
        for end in 1..=history.len() {
            if history[end - 1].role == Role::Assistant {
                continue;
            }
            let mut summarized = 0;
            let view = loop {
                let given = Given {
                    messages: &history[..end],
                    compactions: &compactions,
                    state: state.as_ref(),
                    summarized,
                    ..Given::default()
                };
                match plan(&given, &window, &mut tokens).unwrap() {
                    Plan::Send(view) => {
                        if end % 10 == 0 {
                            check_view(&given, &window, &view);
                        }
                        break view;
                    }
                    Plan::Summarize(range) => {
                        summarized += 1;
                        let summary = format!("They read files, {end}.");
                        compactions.push(Compaction::new(
                            range.first,
                            range.last,
                            summary,
                            strategy,
                            range.tokens,
                            8,
                        ));
                    }
                }
            };
            // The result of a call that is not the last of its message is no request's end: an
            // interrupted one stands in for the other then.
            let shared = before.iter().zip(&view.messages).take_while(|(a, b)| a == b).count();
            let is_same = before.len() - shared <= 1;
            requests += 1;
            changes += usize::from(!is_same);
            before.clone_from(&view.messages);
            state = Some(view.state);
        }
        assert!(requests == 800 && changes > 0, "{strategy}: {changes} of {requests}");
        assert!(changes * 10 <= requests, "{strategy}: {changes} of {requests} changed it");
        assert!(strategy != PruneStrategy::Summarize || compactions.len() > 10);
    }
}

#[test]
fn every_message_is_counted_once_however_often_it_is_planned_with() {
    let history = turns(50);
    let bytes: usize =
        history.iter().map(|m| m.content.len() + m.tool_calls.iter().flatten().count() * 28).sum();
    let window = Window { strategy: PruneStrategy::ToolResults, ..Window::new(4_000) };
    let mut tokens = Tokens::new();
    let mut state = None;
    for end in (1..=history.len()).filter(|end| history[end - 1].role != Role::Assistant) {
        let given = Given { messages: &history[..end], state: state.as_ref(), ..Given::default() };
        state = Some(send(plan(&given, &window, &mut tokens).unwrap()).state);
    }
    let made = 120 * history.len();
    assert!(tokens.bytes_read() <= (bytes + made) as u64, "{} of {bytes}", tokens.bytes_read());
    let given = Given { messages: &history, ..Given::default() };
    let first = usage(&given, 4_000, &mut tokens);
    let work = tokens.bytes_read();
    assert_eq!(usage(&given, 4_000, &mut tokens), first);
    assert_eq!(tokens.bytes_read(), work);
    assert!(first.percent > 100.0 && first.current > first.max);
}

#[test]
fn what_the_provider_counted_is_believed_and_what_came_since_is_added() {
    let history = turns(2);
    let mut tokens = Tokens::new();
    let window = Window::new(100_000);
    let answered = history.len() - 3;
    let id = history[answered].id.clone();
    let since: u64 = history[answered + 1..].iter().map(|m| tokens.message(m) + 4).sum();
    let reported = Reported { message_id: id, tokens: 5_000, counted: None };
    let given = Given { messages: &history, reported: Some(&reported), ..Given::default() };
    let view = send(plan(&given, &window, &mut tokens).unwrap());
    assert_eq!(view.tokens, 5_000 + since);
    assert_eq!(usage(&given, 100_000, &mut tokens).current, 5_000 + since);
    let gone = Reported { message_id: "deleted".into(), ..reported };
    let given = Given { reported: Some(&gone), ..given };
    let view = send(plan(&given, &window, &mut tokens).unwrap());
    assert_eq!(view.tokens, view.counted);
}

#[test]
fn a_provider_that_counts_more_is_sent_less() {
    let history = turns(10);
    let mut tokens = Tokens::new();
    let window = Window { reserve: 0, ..Window::new(6_000) };
    let given = Given { messages: &history, ..Given::default() };
    let whole = send(plan(&given, &window, &mut tokens).unwrap());
    assert_eq!(whole.messages.len(), history.len());
    let message_id = history.last().unwrap().id.clone();
    let reported = Reported { message_id, tokens: 3 * whole.counted, counted: None };
    let given = Given { reported: Some(&reported), ..given };
    let view = send(plan(&given, &window, &mut tokens).unwrap());
    check_view(&given, &window, &view);
    assert!(view.messages.len() < history.len() && !view.left_out.is_empty());
    assert!(view.tokens > 2 * view.counted);
}

#[test]
fn what_does_not_fit_is_said_with_what_is_too_large() {
    let mut question = SessionMessage::new(Role::User, words(5_000));
    question.id = "msg_long".into();
    let messages = [Arc::new(question)];
    let given = Given { system: Some("Be brief."), messages: &messages, ..Given::default() };
    for strategy in STRATEGIES {
        let window = Window { strategy, ..Window::new(4_000) };
        let error = plan(&given, &window, &mut Tokens::new()).unwrap_err();
        assert_eq!(error.code().as_str(), "CONTEXT_LENGTH_EXCEEDED");
        let text = error.to_string();
        assert!(text.contains("user message msg_long") && text.contains("4000"), "{text}");
    }
}

#[test]
fn results_are_cleared_before_words_are_lost_and_a_turn_goes_as_a_whole() {
    let history = turns(20);
    let mut tokens = Tokens::new();
    let given = Given { messages: &history, ..Given::default() };
    let clearing =
        Window { strategy: PruneStrategy::ToolResults, reserve: 500, ..Window::new(6_000) };
    let view = send(plan(&given, &clearing, &mut tokens).unwrap());
    assert!(view.left_out.is_empty() && !view.cleared.is_empty());
    assert_eq!(view.messages.len(), history.len());

    let sliding = Window { strategy: PruneStrategy::SlidingWindow, ..clearing };
    let view = send(plan(&given, &sliding, &mut tokens).unwrap());
    assert_eq!(view.left_out.len() % 7, 0, "whole turns of seven messages");
    let ids: Vec<_> = history[..view.left_out.len()].iter().map(|m| m.id.clone()).collect();
    assert_eq!(view.left_out, ids);
}

#[test]
fn what_was_left_out_comes_back_when_it_is_marked_important() {
    let mut history = turns(20);
    let mut tokens = Tokens::new();
    let window = Window::new(4_000);
    let given = Given { messages: &history, ..Given::default() };
    let state = send(plan(&given, &window, &mut tokens).unwrap()).state;
    assert!(state.left_out.contains("m0"));
    Arc::make_mut(&mut history[0]).important = Some(true);
    let given = Given { messages: &history, state: Some(&state), ..Given::default() };
    let view = send(plan(&given, &window, &mut tokens).unwrap());
    assert_eq!(view.messages[0], history[0]);
    check_view(&given, &window, &view);
}

#[test]
fn a_turn_that_was_summarised_often_enough_is_cut_instead() {
    let history = turns(20);
    let window = Window { strategy: PruneStrategy::Summarize, ..Window::new(4_000) };
    let asked = |summarized| {
        let given = Given { messages: &history, summarized, ..Given::default() };
        plan(&given, &window, &mut Tokens::new()).unwrap()
    };
    assert!(matches!(asked(SUMMARIES_PER_TURN - 1), Plan::Summarize(_)));
    assert!(!send(asked(SUMMARIES_PER_TURN)).left_out.is_empty());
}

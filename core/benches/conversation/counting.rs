//! Counting tokens, of prose and of code.

use std::sync::Arc;

use opencode_sessions::conversation::window::{Given, Plan, Tokens, Window, plan};
use opencode_sessions::{Role, SessionMessage};

use crate::measure::{Bench, Figure, times};

/// What is talked about: this project's own words and code.
const SAID: [&str; 4] = [
    include_str!("../../../docs/conversation.md"),
    include_str!("../../../docs/server.md"),
    include_str!("../../src/model/session.rs"),
    include_str!("../../src/conversation/turn.rs"),
];

pub(crate) fn run(bench: &Bench) {
    let messages: Vec<Arc<SessionMessage>> = SAID
        .iter()
        .cycle()
        .take(bench.size(400, 40))
        .enumerate()
        .map(|(n, said)| {
            let role = if n % 2 == 0 { Role::User } else { Role::Assistant };
            Arc::new(SessionMessage::new(role, *said))
        })
        .collect();
    let bytes: usize = messages.iter().map(|message| message.content.len()).sum();
    // The tokenizer is made once.
    Tokens::new().text("hello");
    let taken = times(5, |_| {
        let mut tokens = Tokens::new();
        let all: u64 = messages.iter().map(|message| tokens.message(message)).sum();
        assert!(all > 0);
    });
    bench.report(&Figure {
        group: "conversation",
        what: format!(
            "count the tokens of {} messages ({:.1} MB)",
            messages.len(),
            megabytes(bytes)
        ),
        value: megabytes(bytes) / taken[taken.len() / 2].as_secs_f64(),
        unit: "MB/s",
        beside: None,
        goal: "≥ 10 MB/s",
        met: |value, _| value >= 10.0,
    });

    let requests = bench.size(100, 10);
    let mut tokens = Tokens::new();
    let mut state = None;
    for said in (messages.len() - requests + 1)..=messages.len() {
        let given =
            Given { messages: &messages[..said], state: state.as_ref(), ..Given::default() };
        let plan = plan(&given, &Window::new(u64::MAX), &mut tokens).expect("it fits");
        let Plan::Send(view) = plan else { panic!("nothing is to be summarised") };
        state = Some(view.state);
    }
    bench.report(&Figure {
        group: "conversation",
        what: format!("bytes counted for {requests} requests of a growing conversation"),
        value: megabytes(tokens.bytes_read() as usize),
        unit: "MB",
        beside: Some(("its bytes", megabytes(bytes))),
        goal: "≤ 1.01 ×",
        met: |_, ratio| ratio <= 1.01,
    });
}

fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on stops")]
//! The remote half's figures: what the client costs beside bare HTTP, and how fast it reads events.
//!
//! One JSON measurement a line on standard output, words for a person on standard error.
//! `--quick` tries everything on small sizes. The server is a loop in a process of its own that
//! answers at once, so that the client's own time shows.

mod calls;
mod events;
#[path = "../local/measure.rs"]
#[allow(dead_code, reason = "shared with the local half's figures")]
mod measure;
#[path = "../local/serving.rs"]
mod serving;

use measure::Bench;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|a| a == "--serve") {
        calls::serve();
    }
    let bench = Bench::new(arguments.iter().any(|a| a == "--quick"));
    events::run(&bench);
    calls::run(&bench);
}

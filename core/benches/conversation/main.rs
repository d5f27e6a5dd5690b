#![expect(clippy::expect_used, reason = "a benchmark that cannot go on stops")]
//! The live half's figures: what a turn adds to each streamed chunk, what an open conversation
//! takes of memory, how fast tokens are counted.
//!
//! One JSON measurement a line on standard output, words for a person on standard error.
//! `--quick` tries everything on small sizes. The model is a loop in a process of its own.

mod counting;
#[path = "../local/measure.rs"]
#[allow(dead_code, reason = "shared with the local half's figures")]
mod measure;
mod pool;
#[path = "../local/serving.rs"]
mod serving;
mod streaming;

use measure::Bench;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let is = |name: &str| arguments.iter().any(|argument| argument == name);
    if is("--serve") {
        streaming::serve();
    }
    let bench = Bench::new(is("--quick"));
    if is("--pool") {
        return pool::measure(&bench);
    }
    streaming::run(&bench);
    pool::run(&bench);
    counting::run(&bench);
}

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on stops")]
//! The local half's figures, each a ratio against something run beside it.
//!
//! One JSON measurement a line on standard output, words for a person on standard error. Data lies
//! below `$OPENCODE_SESSIONS_BENCH_DIR`. `--quick` tries everything on small sizes.

mod append;
mod calls;
mod library;
mod load;
mod measure;
mod stores;

use measure::Bench;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // New processes, started to measure what only a new one shows.
    if let Some(at) = arguments.iter().position(|a| a == "--list-once") {
        library::list_once(std::path::Path::new(&arguments[at + 1]));
        return;
    }
    if let Some(at) = arguments.iter().position(|a| a == "--load-once") {
        load::load_once(std::path::Path::new(&arguments[at + 1]));
        return;
    }
    let bench = Bench::new(arguments.iter().any(|a| a == "--quick"));
    calls::run(&bench);
    append::run(&bench);
    load::run(&bench);
    library::run(&bench);
}

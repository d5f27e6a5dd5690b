//! Events of a recorded stream, from bytes to what a caller reads.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use opencode_sessions::server::events::decode_all;

use crate::measure::{Bench, Figure, times};

const RECORDED: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/opencode-events.sse");
const PEER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/server/peer/events.mjs");

pub(crate) fn run(bench: &Bench) {
    let recorded = std::fs::read(RECORDED).expect("the recorded stream is there");
    let repeated = bench.size(400, 40);
    let stream = recorded.repeat(repeated);
    let mut events = 0;
    let taken = times(5, |_| {
        events = 0;
        for event in decode_all(&stream) {
            black_box(event.expect("it is readable"));
            events += 1;
        }
    });
    let ours = events as f64 / taken[taken.len() / 2].as_secs_f64();
    let peer = peer(repeated);
    bench.report(&Figure {
        group: "events",
        what: format!(
            "decode a recorded stream ({events} events, {:.0} MB)",
            stream.len() as f64 / 1e6
        ),
        value: ours,
        unit: "events/s",
        beside: peer.map(|peer| ("`@opencode-ai/sdk` 1.19.3, Node", peer)),
        goal: "≥ 5 ×",
        met: |_, ratio| ratio >= 5.0,
    });
}

/// The official SDK on the same bytes; `None` without Node.
fn peer(repeated: usize) -> Option<f64> {
    let run = || {
        let output = Command::new("node")
            .args([Path::new(PEER), Path::new(RECORDED), Path::new(&repeated.to_string())])
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
        told["perSecond"].as_f64()
    };
    let mut rates: Vec<f64> = (0..5).filter_map(|_| run()).collect();
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied()
}

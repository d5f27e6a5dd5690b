//! The wire types against the server's own description of its wire, recordings of a real server,
//! and what older, newer and broken servers send.
//!
//! `tests/fixtures/openapi-1.18.33.json` is `GET /doc` of OpenCode 1.18.33, cut down to the schemas
//! reachable from those that `openapi.rs` names; of the events without a type of their own only four
//! were kept. `opencode-events.sse` is what its `GET /event` sent while a scripted model worked.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod older;
mod openapi;
mod recorded;
mod tolerance;

use serde_json::Value;

fn fixture(name: &str) -> String {
    let path = format!("{}/../tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn whatever_the_document_allows_comes_back_as_it_was() {
    let document: Value = serde_json::from_str(&fixture("openapi-1.18.33.json")).unwrap();
    openapi::round_trips(&document);
}

//! The fuzz targets over their corpus, and over thousands of repeatable mutations of it: no panic,
//! no unbounded memory, and what is accepted survives being written and read again.
#![cfg(feature = "failpoints")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::path::Path;

use opencode_sessions::server::events::fuzzing as events;
use opencode_sessions::store::fuzzing as store;
use support::Chance;

const MUTATIONS: u64 = 3000;
/// What a form of file is made of, to be put anywhere.
const TOKENS: &[&[u8]] = &[
    b"\n",
    b"\0",
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"-1",
    b"1e999",
    b"\\ud800",
    b"18446744073709551616",
    b"\xff",
    b"\r\n",
    b"\n\n",
    b"data: ",
    b",\"c\":\"",
    b"\"id\":\"../x\"",
    b"[[[[[[[[[[[[[[[[",
];

fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/fuzz").join(target);
    let mut all: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect();
    all.sort();
    all
}

fn mutated(original: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..=chance.below(4) {
        let len = bytes.len() as u64;
        let at = chance.below(len + 1) as usize;
        match chance.below(5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << chance.below(8),
            1 => bytes.truncate(at),
            2 => {
                let end = at + chance.below(len - at as u64 + 1) as usize;
                bytes.drain(at..end);
            }
            3 => {
                let end = (at + chance.below(200) as usize).min(bytes.len());
                let again = bytes[at..end].to_vec();
                let to = chance.below(len + 1) as usize;
                bytes.splice(to..to, again);
            }
            _ => {
                let token = TOKENS[chance.below(TOKENS.len() as u64) as usize];
                bytes.splice(at..at, token.iter().copied());
            }
        }
    }
    bytes
}

#[test]
fn no_file_of_the_corpus_and_no_mutation_of_one_breaks_a_reader() {
    for (target, run) in store::TARGETS.iter().chain(events::TARGETS) {
        let corpus = corpus(target);
        assert!(corpus.len() > 5, "{target} has a corpus");
        for (name, bytes) in &corpus {
            println!("{target}/{name}");
            run(bytes);
        }
        let mut chance = Chance::new(corpus.len() as u64);
        for n in 0..MUTATIONS {
            let (name, original) = &corpus[chance.below(corpus.len() as u64) as usize];
            let bytes = mutated(original, &mut chance);
            println!("{target}/{name}, mutation {n}");
            run(&bytes);
        }
    }
}

//! Stores and messages to measure with.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use opencode_sessions::{
    Durability, LiveSession, NewMessage, NewSession, Role, SessionManager, SessionStorage,
    StorageOptions,
};

const WORDS: &[&str] = &[
    "session", "journal", "snapshot", "the", "client", "refactor", "request", "token", "of",
    "parse", "error", "retry", "stream", "and", "buffer", "index", "cursor", "to", "async",
    "handler", "write", "module", "in", "config", "thread", "is", "commit", "branch", "test",
    "with",
];

/// Numbers that look random and are the same each time.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// About `bytes` of text, one rare word in it.
pub(crate) fn text(seed: u64, bytes: usize) -> String {
    let mut numbers = Numbers::new(seed + 1);
    let mut text = format!("unique{seed} ");
    while text.len() < bytes {
        text.push_str(WORDS[(numbers.next() % WORDS.len() as u64) as usize]);
        text.push(' ');
    }
    text
}

/// A message of the size that messages have: about 1.2 kB as a line.
pub(crate) fn message(seed: u64) -> NewMessage {
    let role = if seed.is_multiple_of(2) { Role::User } else { Role::Assistant };
    NewMessage::new(role, text(seed, 1000))
}

pub(crate) fn storage(path: &Path, durability: Durability) -> SessionStorage {
    SessionStorage::open(StorageOptions {
        path: Some(path.to_owned()),
        durability,
        ..StorageOptions::default()
    })
    .expect("the store opens")
}

/// A manager with a current session.
pub(crate) fn manager(path: &Path, durability: Durability) -> (Arc<SessionManager>, LiveSession) {
    let manager = SessionManager::new(storage(path, durability));
    let session = manager.create(NewSession::default()).expect("a session is created");
    (manager, session)
}

/// Writes `count` session files of `messages` messages each, by hand: quicker than creating them.
pub(crate) fn write_sessions(path: &Path, count: usize, messages: usize, bytes: usize) -> u64 {
    std::fs::create_dir_all(path).expect("the store is made");
    let mut written = 0;
    for n in 0..count {
        let id = format!("{n:08x}-0000-4000-8000-000000000000");
        let time = |i: usize| {
            format!(
                "2024-01-{:02}T{:02}:{:02}:{:02}+00:00",
                1 + n / 86_400 % 28,
                n / 3600 % 24,
                n / 60 % 60,
                (n + i) % 60
            )
        };
        let mut json = format!(
            "{{\n  \"id\": \"{id}\",\n  \"title\": \"Session {n} {}\",\n  \"created_at\": \"{}\",\n  \"updated_at\": \"{}\",\n  \"working_dir\": \"/home/user/project{}\",\n  \"model\": \"anthropic/claude-3-opus\",\n  \"messages\": [",
            WORDS[n % WORDS.len()],
            time(0),
            time(1),
            n % 10,
        );
        for m in 0..messages {
            let seed = (n * messages + m) as u64;
            let role = if m % 2 == 0 { "user" } else { "assistant" };
            let comma = if m == 0 { "" } else { "," };
            let _ = write!(
                json,
                "{comma}\n    {{\n      \"id\": \"msg_{seed:032x}\",\n      \"role\": \"{role}\",\n      \"content\": \"{}\",\n      \"timestamp\": \"{}\"\n    }}",
                text(seed, bytes),
                time(m),
            );
        }
        json.push_str("\n  ],\n  \"tool_history\": [],\n  \"total_prompt_tokens\": 1500,\n  \"total_completion_tokens\": 800,\n  \"tags\": [\"python\"],\n  \"metadata\": {},\n  \"revision\": 1\n}\n");
        std::fs::write(path.join(format!("{id}.json")), &json).expect("a session is written");
        written += json.len() as u64;
    }
    written
}

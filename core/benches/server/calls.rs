//! A small call through the client, beside the same through bare `reqwest` and `serde_json`.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use opencode_sessions::Client;
use opencode_sessions::types::message::Message;

use crate::measure::{Bench, Figure, p50, times};
use crate::serving::{self, Server};

const SESSION: &str = "ses_e018004c4ffeueQQlZcGL7EPZ0";

/// A session of two messages, as the real server lists them.
const ANSWER: &str = include_str!("two-messages.json");

pub(crate) fn run(bench: &Bench) {
    let server = Server::start(&[]);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let client = Client::builder().base_url(&server.url).password("secret").build();
    let client = client.expect("a client");
    #[expect(clippy::disallowed_methods, reason = "what is measured beside")]
    let bare = reqwest::Client::new();
    let url = format!("{}/session/{SESSION}/message", server.url);

    let calls = bench.size(20_000, 500);
    let ours = |_| {
        let messages = runtime.block_on(async { client.messages().list(SESSION).await });
        assert_eq!(messages.expect("messages").len(), 2);
    };
    let theirs = |_| {
        let messages = runtime.block_on(async {
            let answer = bare.get(&url).basic_auth("opencode", Some("secret")).send().await?;
            answer.bytes().await
        });
        let messages: Vec<Message> =
            serde_json::from_slice(&messages.expect("an answer")).expect("messages");
        assert_eq!(messages.len(), 2);
    };
    times(calls / 10, ours);
    times(calls / 10, theirs);
    // In turns, so that a busy moment of the machine meets both.
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        with.extend(times(calls / 10, ours));
        without.extend(times(calls / 10, theirs));
    }
    with.sort_unstable();
    without.sort_unstable();
    bench.report(&Figure {
        group: "client",
        what: "list the 2 messages of a session, whole call, p50".into(),
        value: p50(&with),
        unit: "µs",
        beside: Some(("`reqwest` and `serde_json` into the same types", p50(&without))),
        goal: "",
        met: |_, _| true,
    });
}

/// Answers every request with the same messages.
pub(crate) fn serve() -> ! {
    serving::serve(answer)
}

fn answer(connection: &TcpStream) {
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{ANSWER}",
        ANSWER.len()
    );
    let _ = connection.set_nodelay(true);
    let mut lines = BufReader::new(connection);
    let mut line = String::new();
    while lines.read_line(&mut line).is_ok_and(|read| read > 0) {
        if line == "\r\n" && (&*connection).write_all(answer.as_bytes()).is_err() {
            return;
        }
        line.clear();
    }
}

//! A long answer over HTTP, read through a conversation and read as bytes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use opencode_sessions::SessionStorage;
use opencode_sessions::conversation::{Chunk, Conversation, ConversationOptions, ProviderChoice};
use opencode_sessions::provider::OpenAi;

use crate::measure::{Bench, Figure, micros, time};
use crate::serving::{self, Server};

/// As long as models' are.
const WORD: &str = " conversation";

pub(crate) fn run(bench: &Bench) {
    let chunks = bench.size(20_000, 1_000);
    let server = Server::start(&[&chunks.to_string()]);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let provider = OpenAi::builder().base_url(&server.url).api_key("key").build();
    let conversation = runtime.block_on(async {
        Conversation::create(ConversationOptions {
            model: Some("m".to_owned()),
            provider: Some(ProviderChoice::Own(Arc::new(provider.expect("a provider")))),
            storage: Some(SessionStorage::new(bench.dir("streaming")).expect("a store")),
            auto_save: Some(true),
            ..ConversationOptions::default()
        })
    });
    let conversation = conversation.expect("a conversation");
    #[expect(clippy::disallowed_methods, reason = "what is measured beside")]
    let bare = reqwest::Client::new();
    let url = format!("{}/chat/completions", server.url);

    let ours = || {
        runtime.block_on(async {
            let mut stream = conversation.message("Go on.");
            let mut read = 0;
            while let Some(chunk) = stream.next().await {
                if let Chunk::Text { content } = chunk.expect("a chunk") {
                    read += content.len();
                }
            }
            assert_eq!(read, chunks * WORD.len());
        });
        // So that no request is larger than the one before.
        conversation.clear_history(0).expect("it is cleared");
    };
    let theirs = || {
        let asked = bare.post(&url).body("{}").send();
        // Read where a turn is: by a task of the runtime.
        let reading = runtime.spawn(async move {
            let mut bytes = asked.await.expect("an answer").bytes_stream();
            let mut read = 0;
            while let Some(piece) = bytes.next().await {
                read += piece.expect("bytes").len();
            }
            read
        });
        let read = runtime.block_on(reading).expect("it is read");
        assert!(read > chunks * WORD.len());
    };
    ours();
    theirs();
    // In turns, so that a busy moment of the machine meets both.
    let mut rounds: Vec<(Duration, Duration)> =
        (0..bench.size(15, 3)).map(|_| (time(ours), time(theirs))).collect();
    rounds.sort_by_key(|(with, without)| with.saturating_sub(*without));
    let (with, without) = rounds[rounds.len() / 2];
    let each = |time: Duration| micros(time) / chunks as f64;
    bench.report(&Figure {
        group: "conversation",
        what: format!("a turn, for each of {chunks} streamed chunks"),
        value: each(with),
        unit: "µs",
        beside: Some(("the same stream's bytes, by `reqwest`", each(without))),
        goal: "",
        met: |_, _| true,
    });
    bench.report(&Figure {
        group: "conversation",
        what: "what a turn adds to each chunk".into(),
        value: each(with.saturating_sub(without)),
        unit: "µs",
        beside: None,
        goal: "",
        met: |_, _| true,
    });
}

/// Answers every request with the same chunks.
pub(crate) fn serve() -> ! {
    let chunks = std::env::args().filter_map(|argument| argument.parse().ok()).next();
    let answer = answer(chunks.unwrap_or(1));
    serving::serve(move |connection| say(connection, &answer))
}

/// The pieces of the body, each a chunk of HTTP's own.
fn answer(chunks: usize) -> Vec<String> {
    let piece = |delta: &str, finish: &str| {
        let data = format!(
            r#"data: {{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]}}"#
        );
        format!("{:x}\r\n{data}\n\n\r\n", data.len() + 2)
    };
    let said = piece(&format!(r#"{{"content":"{WORD}"}}"#), "null");
    let mut pieces = vec![said; chunks];
    pieces.push(piece("{}", "\"stop\""));
    pieces.push("e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n".to_owned());
    // Several at a time, or both readers would wait for the system to hand them over.
    pieces.chunks(64).map(<[String]>::concat).collect()
}

fn say(mut connection: &TcpStream, pieces: &[String]) {
    let _ = connection.set_nodelay(true);
    let mut input = BufReader::new(connection);
    loop {
        let (mut length, mut line) = (0, String::new());
        while input.read_line(&mut line).is_ok_and(|read| read > 2) {
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
            line.clear();
        }
        if std::io::copy(&mut input.by_ref().take(length), &mut std::io::sink()).is_err() {
            return;
        }
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                    transfer-encoding: chunked\r\n\r\n";
        if connection.write_all(head.as_bytes()).is_err() {
            return;
        }
        for piece in pieces {
            if connection.write_all(piece.as_bytes()).is_err() {
                return;
            }
        }
    }
}

//! Time bounds: which there are, what they bound, and that an error says which one it was.

use std::time::Duration;

use opencode_sessions::{Client, OpencodeError};

use crate::fake::{answer, builder, client, message, prompt, server, server_with, told};
use crate::support::scripted::{Gate, Reply};

const MESSAGE: &str = "GET /session/ses_1/message/msg_2";
const PROMPT: &str = "POST /session/ses_1/message";
const SHORT: Duration = Duration::from_millis(300);

fn is_timeout(error: &OpencodeError, which: &str) {
    assert_eq!(error.code().as_str(), "TIMEOUT", "{}", told(error));
    assert!(error.to_string().contains(which), "{}", told(error));
    assert!(error.hint().contains("timeout"), "{}", told(error));
}

#[tokio::test]
async fn an_answer_that_does_not_come_or_pauses() {
    let faults: [fn() -> Reply; 3] = [
        Reply::never,
        || Reply::json(200, &answer()).stall_after(0),
        || Reply::json(200, &answer()).stall_after(20),
    ];
    for fault in faults {
        let server = server_with(MESSAGE, fault).await;
        let client = builder(&server).read_idle_timeout(SHORT).build().unwrap();
        let error = message(&client).await.unwrap_err();
        is_timeout(&error, "read_idle_timeout");
        assert!(error.to_string().contains("300ms"), "{}", told(&error));
        assert_eq!(error.session_id(), Some("ses_1"));
    }
}

#[tokio::test]
async fn an_answer_that_takes_too_long_as_a_whole() {
    // It never pauses for long and never ends.
    let slow =
        || Reply::repeated(&[("content-type", "application/json")], "        ", 1 << 40, b"");
    let server = server_with(MESSAGE, slow).await;
    let client = builder(&server).timeout(SHORT).build().unwrap();
    is_timeout(&message(&client).await.unwrap_err(), "the client's timeout");
}

#[tokio::test]
async fn repetitions_are_within_the_whole() {
    let busy = || Reply::with(503, &[("retry-after", "2")], "busy");
    let server = server_with(MESSAGE, busy).await;
    let client = builder(&server).timeout(Duration::from_secs(1)).build().unwrap();
    let begun = std::time::Instant::now();
    let error = message(&client).await.unwrap_err();
    assert_eq!(error.status(), Some(503), "what went wrong, instead of waiting: {}", told(&error));
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_connection_that_cannot_be_made() {
    // A port that takes no connection: its queue is full.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(std::net::SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut filling = Vec::new();
    loop {
        let connect = tokio::net::TcpStream::connect(address);
        match tokio::time::timeout(SHORT, connect).await {
            Ok(stream) => filling.push(stream.unwrap()),
            Err(_) => break,
        }
    }
    let client = Client::builder().base_url(format!("http://{address}")).connect_timeout(SHORT);
    let error = client.build().unwrap().health().await.unwrap_err();
    is_timeout(&error, "connect_timeout");
}

#[tokio::test]
async fn a_prompt_waits_for_its_turn_however_long_that_takes() {
    let held = Gate::closed();
    let gate = held.clone();
    let server = server(move |request| {
        (request.route() == PROMPT).then(|| Reply::json(200, &answer()).after(&gate))
    })
    .await;
    // Shorter than the turn: it bounds everything else.
    let client = builder(&server).read_idle_timeout(SHORT).build().unwrap();
    let turn = tokio::spawn(async move { client.messages().prompt(prompt()).await });
    tokio::time::sleep(SHORT * 4).await;
    assert!(!turn.is_finished());
    held.open();
    assert_eq!(turn.await.unwrap().unwrap().text(), "Hi there!");
}

/// Servers before 1.2 answered so: the head at once, and the body when the turn was through.
#[tokio::test]
async fn a_prompt_waits_also_when_the_head_of_the_answer_came_at_once() {
    let (live, reply) = Reply::stream("application/json");
    let reply = std::sync::Mutex::new(Some(reply));
    let server = server(move |request| {
        let mut reply = reply.lock().unwrap();
        (request.route() == PROMPT).then(|| reply.take().unwrap())
    })
    .await;
    let client = builder(&server).read_idle_timeout(SHORT).build().unwrap();
    let turn = tokio::spawn(async move { client.messages().prompt(prompt()).await });
    tokio::time::sleep(SHORT * 4).await;
    assert!(!turn.is_finished());
    live.bytes(answer().to_string());
    live.end();
    assert_eq!(turn.await.unwrap().unwrap().text(), "Hi there!");
}

#[tokio::test]
async fn a_prompt_is_bounded_when_that_is_asked_for() {
    let server = server_with(PROMPT, Reply::never).await;
    let mut request = prompt();
    request.timeout = Some(SHORT);
    let error = client(&server).messages().prompt(request).await.unwrap_err();
    is_timeout(&error, "the call's timeout");
    assert_eq!(error.session_id(), Some("ses_1"));

    let client = builder(&server).timeout(Duration::from_secs(1)).build().unwrap();
    is_timeout(&client.messages().prompt(prompt()).await.unwrap_err(), "the client's timeout");
}

#[tokio::test]
async fn waiting_for_idle_is_bounded_by_its_own_timeout() {
    let server = server_with("GET /session/status", || {
        Reply::json(200, &serde_json::json!({"ses_1": {"type": "busy"}}))
    })
    .await;
    let error = client(&server).wait_idle("ses_1", Some(SHORT)).await.unwrap_err();
    is_timeout(&error, "waiting for session ses_1 to be idle");
}

#[tokio::test]
async fn a_call_that_is_given_up_is_taken_back() {
    let server = server_with(PROMPT, Reply::never).await;
    let client = client(&server);
    let turn = tokio::spawn(async move { client.messages().prompt(prompt()).await });
    loop {
        let before = server.requests().len();
        if server.requests().iter().any(|request| request.route() == PROMPT) {
            break;
        }
        server.wait_for_requests(before + 1).await;
    }
    turn.abort();
    // Of the event stream and of the prompt.
    server.wait_for_dropped(2).await;
}

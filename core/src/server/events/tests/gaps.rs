//! Connections that end, and what a reader is told of it.

use std::time::Duration;

use tokio::time::{Instant, advance};

use super::super::StreamOptions;
use super::script::*;
use crate::error::ApiErrorKind;

const WATCHDOG: Duration = Duration::from_secs(45);

#[tokio::test(start_paused = true)]
async fn a_connection_is_opened_anew_after_an_error_and_after_a_clean_end() {
    let (mut server, connection, events) = connected(StreamOptions::default()).await;
    connection.breaks();
    let connection = server.accept().await;
    connection.event(CONNECTED);
    expect(&events, &["reconnected", "server.connected"]).await;
    drop(connection);
    let connection = server.accept().await;
    connection.event(CONNECTED);
    connection.send(&numbered("ses_1", 1));
    expect(&events, &["reconnected", "server.connected", "msg_1"]).await;
}

#[tokio::test(start_paused = true)]
async fn silence_is_the_end_of_a_connection_and_a_comment_is_no_silence() {
    let (mut server, connection, events) = connected(StreamOptions::default()).await;
    for _ in 0..10 {
        advance(WATCHDOG - Duration::from_secs(1)).await;
        connection.bytes(":\n\n");
        tokio::task::yield_now().await;
    }
    assert!(server.was_not_opened_again());
    let silent = Instant::now();
    let again = server.accept().await;
    connection.closed().await;
    let waited = silent.elapsed();
    assert!(waited >= WATCHDOG && waited < WATCHDOG + Duration::from_secs(1), "{waited:?}");
    again.event(CONNECTED);
    expect(&events, &["reconnected", "server.connected"]).await;
}

#[tokio::test(start_paused = true)]
async fn attempts_are_spaced_ever_further_for_ever_and_begin_anew_after_a_good_connection() {
    let (mut server, connection, events) = connected(StreamOptions::default()).await;
    connection.send(&numbered("ses_1", 1));
    expect(&events, &["msg_1"]).await;
    connection.breaks();
    let mut longest = Duration::from_millis(250);
    for _ in 0..50 {
        let before = Instant::now();
        let opening = server.opening().await;
        let waited = before.elapsed();
        assert!(waited >= longest / 2, "{waited:?} of {longest:?}");
        assert!(waited <= longest + Duration::from_millis(2), "{waited:?} of {longest:?}");
        opening.refuse(refused());
        longest = (longest * 2).min(Duration::from_secs(30));
    }
    let connection = server.accept().await;
    connection.event(CONNECTED);
    connection.send(&numbered("ses_1", 2));
    expect(&events, &["reconnected", "server.connected", "msg_2"]).await;
    connection.breaks();
    let before = Instant::now();
    server.opening().await;
    assert!(before.elapsed() <= Duration::from_millis(252));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_only_ever_greets_is_not_asked_ever_faster() {
    let (mut server, connection, _events) = connected(StreamOptions::default()).await;
    drop(connection);
    let before = Instant::now();
    for _ in 0..20 {
        server.accept().await.event(CONNECTED);
    }
    assert!(before.elapsed() > Duration::from_secs(100), "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn after_a_gap_come_the_news_of_it_the_present_state_and_what_happened_since() {
    let (mut server, connection, events) = connected(of_session("ses_1")).await;
    connection.send(&numbered("ses_1", 1));
    expect(&events, &["msg_1"]).await;
    connection.breaks();
    let connection = server.accept().await;
    connection.event(CONNECTED);
    connection.send(&numbered("ses_1", 2));
    let question = server.question().await;
    assert_eq!(question.sessions, ["ses_1"]);
    connection.send(&numbered("ses_1", 3));
    tokio::task::yield_now().await;
    question.answer(Ok(vec![status("ses_1", "idle"), idle("ses_1")]));
    let state = ["reconnected", "session.status ses_1", "session.idle ses_1"];
    expect(&events, &state).await;
    expect(&events, &["server.connected", "msg_2", "msg_3"]).await;
    connection.send(&numbered("ses_1", 4));
    expect(&events, &["msg_4"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_all_asks_for_the_sessions_that_were_at_work() {
    let (mut server, connection, events) = connected(StreamOptions::default()).await;
    connection.send(&status("ses_a", "busy"));
    connection.send(&status("ses_b", "busy"));
    connection.send(&status("ses_c", "retry"));
    connection.send(&idle("ses_b"));
    connection.send(&status("ses_c", "idle"));
    connection.send(&numbered("ses_d", 1));
    connection.breaks();
    let connection = server.accept().await;
    connection.event(CONNECTED);
    let question = server.question().await;
    assert_eq!(question.sessions, ["ses_a"]);
    question.answer(Ok(vec![idle("ses_a")]));
    connection.breaks();
    let connection = server.accept().await;
    connection.event(CONNECTED);
    let seen = ["busy ses_a", "busy ses_b", "retry ses_c", "idle ses_b", "idle ses_c"];
    for _ in seen {
        told(&events).await;
    }
    expect(&events, &["msg_1", "reconnected", "session.idle ses_a", "server.connected"]).await;
    // It is idle now, so nothing is asked for.
    expect(&events, &["reconnected", "server.connected"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_state_that_cannot_be_had_yet_is_asked_for_again_and_events_wait_for_it() {
    let (mut server, connection, events) = connected(of_session("ses_1")).await;
    connection.breaks();
    let connection = server.accept().await;
    connection.event(CONNECTED);
    server.question().await.answer(Err(refused()));
    connection.send(&numbered("ses_1", 1));
    server.question().await.answer(Err(refused()));
    let question = server.question().await;
    // The connection ends before the answer: what it brought is not lost, and not behind what is
    // newer.
    connection.breaks();
    let connection = server.accept().await;
    drop(question);
    connection.event(CONNECTED);
    server.question().await.answer(Ok(vec![idle("ses_1")]));
    expect(&events, &["reconnected", "server.connected", "msg_1"]).await;
    expect(&events, &["reconnected", "session.idle ses_1", "server.connected"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_state_that_the_server_refuses_is_an_error_in_its_place() {
    let (mut server, connection, events) = connected(of_session("ses_1")).await;
    connection.breaks();
    let connection = server.accept().await;
    connection.event(CONNECTED);
    connection.send(&numbered("ses_1", 1));
    server.question().await.answer(Err(api(ApiErrorKind::Server)));
    expect(&events, &["reconnected", "SERVER", "server.connected", "msg_1"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_password_that_is_refused_later_ends_the_stream() {
    let (mut server, connection, events) = connected(StreamOptions::default()).await;
    connection.breaks();
    server.opening().await.refuse(api(ApiErrorKind::Unauthorized));
    expect(&events, &["UNAUTHORIZED", "end"]).await;

    let (mut server, connection, events) = connected(of_session("ses_1")).await;
    connection.breaks();
    let connection = server.accept().await;
    connection.event(CONNECTED);
    server.question().await.answer(Err(api(ApiErrorKind::Unauthorized)));
    expect(&events, &["reconnected", "server.connected", "UNAUTHORIZED", "end"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_event_that_comes_again_on_the_next_connection_is_delivered_once() {
    let (mut server, connection, events) = connected(StreamOptions::default()).await;
    connection.send(&numbered("ses_1", 1));
    connection.send(&numbered("ses_1", 1));
    connection.send(&numbered("ses_1", 2));
    connection.breaks();
    let connection = server.accept().await;
    connection.event(CONNECTED);
    connection.send(&numbered("ses_1", 2));
    connection.send(&numbered("ses_1", 3));
    expect(&events, &["msg_1", "msg_2", "reconnected", "server.connected", "msg_3"]).await;
}

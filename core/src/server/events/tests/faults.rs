//! Bytes that are no events, and readers that are slow.

use super::super::StreamOptions;
use super::super::buffer::Buffer;
use super::script::*;
use crate::defaults;
use crate::server::types::event::Event;

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_an_error_in_its_place_and_the_stream_goes_on() {
    let (mut server, connection, events) = connected(StreamOptions::default()).await;
    connection.bytes(&b"data: {\"type\":\"a\xff\"}\n\n"[..]);
    connection.send(&numbered("ses_1", 1));
    connection.event("<html>");
    connection.event("{}");
    connection.send(&numbered("ses_1", 2));
    expect(&events, &["DECODE", "msg_1", "DECODE", "DECODE", "msg_2"]).await;
    assert!(server.was_not_opened_again());
}

#[tokio::test(start_paused = true)]
async fn a_line_of_a_hundred_megabytes_is_one_error_and_the_stream_goes_on() {
    let (_server, connection, events) = connected(StreamOptions::default()).await;
    let part = bytes::Bytes::from(vec![b'x'; 1 << 20]);
    connection.bytes("data: ");
    for _ in 0..100 {
        connection.bytes(part.clone());
    }
    connection.bytes("\n\n");
    connection.send(&numbered("ses_1", 1));
    let error = events.recv().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("16 MiB"), "{error}");
    expect(&events, &["msg_1"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_told_what_it_missed_and_has_the_newest() {
    let (_server, connection, events) =
        connected(StreamOptions { buffer: 3, ..StreamOptions::default() }).await;
    for n in 0..10 {
        connection.send(&numbered("ses_1", n));
    }
    tokio::task::yield_now().await;
    expect(&events, &["lagged 7", "msg_7", "msg_8", "msg_9"]).await;
    connection.send(&numbered("ses_1", 10));
    expect(&events, &["msg_10"]).await;
}

#[tokio::test(start_paused = true)]
async fn heartbeats_take_no_events_place_and_are_delivered_to_who_waits() {
    let (_server, connection, events) =
        connected(StreamOptions { buffer: 3, ..StreamOptions::default() }).await;
    connection.send(&numbered("ses_1", 1));
    for _ in 0..100 {
        connection.event(HEARTBEAT);
    }
    expect(&events, &["msg_1"]).await;
    connection.event(HEARTBEAT);
    expect(&events, &["server.heartbeat"]).await;
}

#[tokio::test(start_paused = true)]
async fn the_present_state_is_delivered_whole_even_when_it_is_larger_than_the_buffer() {
    let options = StreamOptions { buffer: 2, ..of_session("ses_1") };
    let (mut server, connection, events) = connected(options).await;
    connection.breaks();
    let connection = server.accept().await;
    connection.event(CONNECTED);
    let state = (0..5).map(|n| numbered("ses_1", n)).collect();
    server.question().await.answer(Ok(state));
    tokio::task::yield_now().await;
    connection.send(&idle("ses_1"));
    tokio::task::yield_now().await;
    // Two more than fit took the places of the two oldest.
    expect(&events, &["lagged 2", "msg_1", "msg_2", "msg_3", "msg_4"]).await;
    expect(&events, &["server.connected", "session.idle ses_1"]).await;
}

/// What is left of items of these sizes: how many are missing, and the sizes of the others.
fn left(buffer: &mut Buffer, sizes: &[usize]) -> (u64, Vec<usize>) {
    for size in sizes {
        buffer.push(Ok(Event::Reconnected), *size);
    }
    let mut missing = 0;
    let mut left = Vec::new();
    while let Some((item, size)) = buffer.pop() {
        match item.unwrap() {
            Event::Lagged { missed } => missing += missed,
            _ => left.push(size),
        }
    }
    (missing, left)
}

#[test]
fn what_waits_is_bounded_in_bytes_too() {
    let mut buffer = Buffer::new(defaults::EVENT_BUFFER, 100);
    assert_eq!(left(&mut buffer, &[60, 30, 50, 20]), (1, vec![30, 50, 20]));
    assert_eq!(left(&mut buffer, &[60, 30, 500]), (2, vec![500]), "the newest always fits");
    assert!(buffer.is_empty());
}

#[test]
fn the_news_of_a_gap_that_is_itself_dropped_still_counts() {
    let mut buffer = Buffer::new(1, 100);
    buffer.push(Ok(Event::Lagged { missed: 5 }), 0);
    assert_eq!(left(&mut buffer, &[1]), (5, vec![1]));
}

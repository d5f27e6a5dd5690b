//! How many turns run at once.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use opencode_sessions::{Client, Event};

use crate::place::{LONG, Place, builder, place, prompt, text, until};

fn bounded(here: &Place, turns: usize) -> Client {
    builder(here.rig).directory(text(&here.directory)).max_concurrent(turns).build().unwrap()
}

#[tokio::test]
async fn fifty_texts_run_five_at_a_time() {
    let here = place("fifty").await;
    let client = bounded(&here, 5);
    let events = here.client.subscribe().await.unwrap();
    let counting = tokio::spawn(async move {
        let (mut running, mut most) = (HashSet::new(), 0);
        let mut ended = 0;
        while ended < 50 {
            let event = events.recv().await.unwrap().unwrap();
            assert!(!matches!(event, Event::Lagged { .. } | Event::Reconnected));
            if let Event::SessionStatus { props } = event {
                let id = props.session_id.clone();
                match props.status.is_idle() {
                    true => ended += usize::from(running.remove(&id)),
                    false => drop(running.insert(id)),
                }
                most = most.max(running.len());
            }
        }
        most
    });
    let turns = (0..50).map(|n| {
        let client = client.clone();
        async move {
            match n % 2 {
                0 => client.run_text("hello").await.unwrap(),
                _ => {
                    let session = client.run_simple_text("hello").await.unwrap();
                    client.wait_idle(&session.id, None).await.unwrap();
                    let messages = client.messages().list(&session.id).await.unwrap();
                    messages.last().unwrap().text()
                }
            }
        }
    });
    let said = join_all(turns).await;
    assert!(said.iter().all(|said| said == "Hi there!"), "{said:?}");
    let most = tokio::time::timeout(LONG, counting).await.unwrap().unwrap();
    assert!((2..=5).contains(&most), "{most} at once");
}

#[tokio::test]
async fn a_text_waits_for_a_place_and_no_longer() {
    let here = place("a place").await;
    let client = bounded(&here, 1);
    let events = here.client.subscribe().await.unwrap();
    let runs = |id: String| {
        let events = events.clone();
        async move {
            until(&events, |event| match event {
                Event::SessionStatus { props } => {
                    props.session_id == id && props.status.is_running()
                }
                _ => false,
            })
            .await;
        }
    };
    let first = client.run_simple_text("answer slowly").await.unwrap();
    runs(first.id.clone()).await;
    let second = tokio::spawn({
        let client = client.clone();
        async move { client.run_simple_text("answer slowly").await }
    });
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!second.is_finished());

    client.sessions().abort_or_err(&first.id).await.unwrap();
    let second = tokio::time::timeout(LONG, second).await.unwrap().unwrap().unwrap();
    runs(second.id.clone()).await;
    client.sessions().abort_or_err(&second.id).await.unwrap();
}

#[tokio::test]
async fn every_end_of_a_turn_frees_its_place() {
    let here = place("ends").await;
    let client = bounded(&here, 1);
    let session = here.create().await;
    client.messages().prompt(prompt(&session, "be refused")).await.unwrap_err();
    client.run_text("be refused").await.unwrap_err();
    client.messages().prompt_async(prompt(&session, "be locked out")).await.unwrap();
    let asked = client.messages().prompt(prompt(&session, "read outside")).await.unwrap_err();
    assert_eq!(asked.code().as_str(), "ACTION_REQUIRED");
    client.sessions().abort_or_err(&session.id).await.unwrap();
    let answer = tokio::time::timeout(LONG, client.run_text("hello")).await.unwrap();
    assert_eq!(answer.unwrap(), "Hi there!");
}

/// A turn that nobody waits for any more still runs on the server.
#[tokio::test]
async fn a_dropped_prompt_keeps_its_place_until_the_server_is_through() {
    let here = place("kept place").await;
    let client = bounded(&here, 1);
    let session = here.create().await;
    let events = here.client.subscribe_session(&session.id).await.unwrap();
    let turn = client.messages().prompt(prompt(&session, "answer slowly"));
    tokio::select! {
        answer = turn => panic!("{answer:?}"),
        _begun = until(&events, |event| matches!(event, Event::MessagePartDelta { .. })) => {}
    }
    let next = tokio::spawn({
        let client = client.clone();
        async move { client.run_text("hello").await }
    });
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!next.is_finished());
    here.client.sessions().abort_or_err(&session.id).await.unwrap();
    let next = tokio::time::timeout(LONG, next).await.unwrap().unwrap();
    assert_eq!(next.unwrap(), "Hi there!");
}

//! Gaps: what streams, and those who wait, make of a server that is stopped and started again.
//!
//! Each test has a server of its own.

use std::path::PathBuf;
use std::time::Duration;

use opencode_sessions::types::session::Session;
use opencode_sessions::{Client, Event, EventStream};

use crate::place::{LONG, builder, prompt, text, until};
use crate::support::rig::Rig;

struct Alone {
    rig: Rig,
    client: Client,
    session: Session,
}

async fn alone() -> Alone {
    let rig = Rig::start().await;
    let directory: PathBuf = rig.addresses.directory.clone();
    let client = builder(&rig).directory(text(&directory)).build().unwrap();
    let session = client.sessions().create(Default::default()).await.unwrap();
    Alone { rig, client, session }
}

impl Alone {
    async fn begin(&self, words: &str) -> EventStream {
        let events = self.client.subscribe_session(&self.session.id).await.unwrap();
        self.client.messages().prompt_async(prompt(&self.session, words)).await.unwrap();
        until(&events, |event| matches!(event, Event::MessagePartDelta { .. })).await;
        events
    }
}

#[tokio::test]
async fn a_stream_tells_how_a_turn_ended_that_a_restart_cut() {
    let here = alone().await;
    let events = here.begin("answer slowly").await;
    here.rig.restart().await;

    until(&events, |event| matches!(event, Event::Reconnected)).await;
    let mut told = Vec::new();
    until(&events, |event| {
        told.push(event.kind().to_owned());
        matches!(event, Event::SessionIdle { .. })
    })
    .await;
    for kind in ["session.updated", "message.updated", "message.part.updated", "session.status"] {
        assert!(told.iter().any(|known| known == kind), "{told:?}");
    }
    // And it goes on.
    here.client.messages().prompt_async(prompt(&here.session, "hello")).await.unwrap();
    until(&events, |event| matches!(event, Event::MessagePartDelta { .. })).await;
    until(&events, |event| matches!(event, Event::SessionIdle { .. })).await;
}

#[tokio::test]
async fn a_stream_of_everything_tells_the_end_of_what_ran() {
    let here = alone().await;
    let events = here.client.subscribe().await.unwrap();
    here.client.messages().prompt_async(prompt(&here.session, "answer slowly")).await.unwrap();
    until(&events, |event| matches!(event, Event::MessagePartDelta { .. })).await;
    here.rig.restart().await;
    until(&events, |event| matches!(event, Event::Reconnected)).await;
    let idle = until(&events, |event| matches!(event, Event::SessionIdle { .. })).await;
    assert_eq!(idle.session_id(), Some(here.session.id.as_str()));
}

#[tokio::test]
async fn who_waits_through_a_restart_hears_an_end() {
    let here = alone().await;
    here.begin("answer slowly").await.end();
    let waiting = here.client.wait_idle(&here.session.id, Some(LONG));
    let ((), waited) = tokio::join!(here.rig.restart(), waiting);
    waited.unwrap();
    // The next turn is as ever.
    let answer = here.client.messages().prompt(prompt(&here.session, "hello")).await.unwrap();
    assert_eq!(answer.text(), "Hi there!");
}

#[tokio::test]
async fn texts_and_prompts_through_a_restart_end_with_an_error_that_says_why() {
    let here = alone().await;
    let events = here.client.subscribe().await.unwrap();
    let restart = async {
        let mut begun = std::collections::HashSet::new();
        until(&events, |event| {
            if let Event::MessagePartDelta { props } = event {
                begun.insert(props.session_id.clone());
            }
            begun.len() == 2
        })
        .await;
        here.rig.restart().await;
    };
    let both = async {
        tokio::join!(
            here.client.run_text("answer slowly"),
            here.client.messages().prompt(prompt(&here.session, "answer slowly")),
            restart
        )
    };
    let (text, prompted, ()) = tokio::time::timeout(2 * LONG, both).await.unwrap();
    let text = text.unwrap_err();
    assert_eq!(text.code().as_str(), "SERVER", "{text}");
    assert!(text.hint().contains("restarted"), "{}", text.hint());
    let prompted = prompted.unwrap_err();
    assert_eq!(prompted.code().as_str(), "CONNECTION", "{prompted}");
    assert_eq!(prompted.session_id(), Some(here.session.id.as_str()));
}

#[tokio::test]
async fn who_waits_for_a_server_that_stays_away_hears_that() {
    let here = alone().await;
    let client = builder(&here.rig).read_idle_timeout(Duration::from_secs(3)).build().unwrap();
    here.begin("answer slowly").await.end();
    let waiting = client.wait_idle(&here.session.id, None);
    let ((), waited) = tokio::join!(here.rig.stop_server(), tokio::time::timeout(LONG, waiting));
    let error = waited.unwrap().unwrap_err();
    assert_eq!(error.code().as_str(), "CONNECTION", "{error}");
    assert!(error.hint().contains("opencode serve"));

    here.rig.start_server().await;
    client.wait_idle(&here.session.id, Some(LONG)).await.unwrap();
}

#[tokio::test]
async fn a_stream_of_a_directory_with_every_letter() {
    let here = alone().await;
    let directory = here.rig.project("données 100% 日本 %20").await;
    let client = here.client.with_directory(text(&directory)).unwrap();
    let events = client.subscribe().await.unwrap();
    let session = client.run_simple_text("hello").await.unwrap();
    assert_eq!(session.directory, text(&directory));
    let idle = until(&events, |event| matches!(event, Event::SessionIdle { .. })).await;
    assert_eq!(idle.session_id(), Some(session.id.as_str()));

    here.rig.restart().await;
    until(&events, |event| matches!(event, Event::Reconnected)).await;
    let next = client.run_simple_text("hello").await.unwrap();
    let idle = until(&events, |event| matches!(event, Event::SessionIdle { .. })).await;
    assert_eq!(idle.session_id(), Some(next.id.as_str()));
}

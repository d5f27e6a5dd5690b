//! Conversations that a server hands out.

use std::time::Duration;

use futures_util::FutureExt;
use opencode_sessions::conversation::{ConversationOptions, SessionPool};
use opencode_sessions::provider::Reply;

use crate::place::{Place, place};

const LONG: Duration = Duration::from_secs(3600);

fn pool(here: &Place, capacity: usize, idle: Duration) -> SessionPool {
    SessionPool::new(capacity, idle, ConversationOptions { ..here.options() }).unwrap()
}

#[tokio::test]
async fn a_conversation_has_one_owner_and_goes_on_with_the_next() {
    let here = place([Reply::text("One."), Reply::text("Two.")]);
    let pool = pool(&here, 2, LONG);
    let first = pool.acquire("ann").await.unwrap();
    assert!(pool.acquire("ann").now_or_never().is_none(), "somebody has it");
    first.message("1").text().await.unwrap();
    drop(first);
    let second = pool.acquire("ann").await.unwrap();
    second.message("2").text().await.unwrap();
    assert_eq!(second.session().unwrap().messages.len(), 4);
    assert_eq!(pool.len(), 1);
}

#[tokio::test]
async fn no_more_are_open_than_there_are_places_and_nothing_is_lost() {
    let here = place((0..60).map(|n| Reply::text(&format!("a{n}"))));
    let pool = pool(&here, 3, LONG);
    for round in 0..3 {
        for user in 0..20 {
            let conversation = pool.acquire(&format!("user-{user}")).await.unwrap();
            conversation.message(format!("round {round}")).text().await.unwrap();
            assert!(pool.len() <= 3);
        }
    }
    pool.close().await.unwrap();
    assert!(pool.is_empty());
    for user in 0..20 {
        let session = here.storage.load(&format!("user-{user}")).unwrap();
        assert_eq!(session.messages.len(), 6);
    }
}

#[tokio::test]
async fn who_comes_when_all_places_are_taken_waits_for_one() {
    let here = place([]);
    let pool = pool(&here, 1, LONG);
    let first = pool.acquire("ann").await.unwrap();
    let other = pool.clone();
    let waiting =
        tokio::spawn(async move { other.acquire("bob").await.map(|lent| lent.id().to_owned()) });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    drop(first);
    assert_eq!(waiting.await.unwrap().unwrap(), "bob");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_has_had_for_a_while_is_closed_so_that_others_can_write_it() {
    let here = place([Reply::text("One.")]);
    let pool = pool(&here, 5, Duration::from_secs(60));
    pool.acquire("ann").await.unwrap().message("1").text().await.unwrap();
    assert_eq!(pool.len(), 1);
    while !pool.is_empty() {
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
    assert_eq!(here.storage.load("ann").unwrap().messages.len(), 2);
    assert_eq!(pool.acquire("ann").await.unwrap().session().unwrap().messages.len(), 2);
}

#[tokio::test]
async fn a_session_that_cannot_be_opened_takes_no_place() {
    let here = place([]);
    let pool = pool(&here, 1, LONG);
    for _ in 0..3 {
        assert_eq!(pool.acquire("../x").await.unwrap_err().code().as_str(), "INVALID_ID");
    }
    pool.acquire("fine").await.unwrap();
    pool.close().await.unwrap();
    assert!(pool.acquire("fine").await.is_err());
    assert!(SessionPool::new(0, LONG, here.options()).is_err());
}

#[tokio::test]
async fn what_its_owner_closed_is_opened_again_for_the_next() {
    let here = place([Reply::text("One."), Reply::text("Two.")]);
    let pool = pool(&here, 1, LONG);
    let first = pool.acquire("ann").await.unwrap();
    first.message("1").text().await.unwrap();
    first.close().unwrap();
    drop(first);
    let second = pool.acquire("ann").await.unwrap();
    assert_eq!(second.message("2").text().await.unwrap(), "Two.");
    assert_eq!((pool.len(), second.session().unwrap().messages.len()), (1, 4));
}

#[tokio::test]
async fn who_gives_up_waiting_takes_no_place() {
    let here = place([]);
    let pool = pool(&here, 1, LONG);
    for polls in 0..60 {
        // Given up at another point each time.
        let mut waiting = Box::pin(pool.acquire(if polls % 2 == 0 { "ann" } else { "bob" }));
        for _ in 0..polls {
            if (&mut waiting).now_or_never().is_some() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(pool.acquire("eve").await.unwrap().id(), "eve");
    assert_eq!(pool.len(), 1);
}

#[tokio::test]
async fn a_pool_that_is_closed_lets_nobody_wait_for_a_place() {
    let here = place([]);
    let pool = pool(&here, 1, LONG);
    let first = pool.acquire("ann").await.unwrap();
    let waiting = ["bob", "cay", "dan"].map(|id| {
        let pool = pool.clone();
        tokio::spawn(async move { pool.acquire(id).await.map(|lent| lent.id().to_owned()) })
    });
    tokio::task::yield_now().await;
    let closing = tokio::spawn({
        let pool = pool.clone();
        async move { pool.close().await }
    });
    for one in waiting {
        assert!(one.await.unwrap().is_err(), "nothing is handed out any more");
    }
    drop(first);
    closing.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_pool_that_is_closed_lets_a_turn_that_nobody_waits_for_come_to_its_end() {
    let here = place([Reply::text("One.")]);
    let options = ConversationOptions { auto_save: Some(false), ..here.options() };
    let unsaved = SessionPool::new(1, LONG, options).unwrap();
    let forgotten = unsaved.acquire("ann").await.unwrap().message("1");
    unsaved.close().await.unwrap();
    assert_eq!(forgotten.text().await.unwrap(), "One.");
    assert_eq!(here.storage.load("ann").unwrap().messages.len(), 2);
}

#[tokio::test]
async fn a_place_is_free_when_the_turn_that_its_owner_left_running_is_over() {
    let here = place([Reply::text("One.").and_silence()]);
    let pool = pool(&here, 1, LONG);
    let mut turn = pool.acquire("ann").await.unwrap().message("1");
    turn.next().await.unwrap().unwrap();
    let other = pool.clone();
    let waiting =
        tokio::spawn(async move { other.acquire("bob").await.map(|lent| lent.id().to_owned()) });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    turn.end();
    assert_eq!(waiting.await.unwrap().unwrap(), "bob");
}

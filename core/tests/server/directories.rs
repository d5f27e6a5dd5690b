//! Directories: the client's, of a clone, per request, and whatever their names are made of.

use opencode_sessions::Event;
use opencode_sessions::types::request::CreateSessionRequest;
use opencode_sessions::types::session::Session;

use crate::place::{Place, builder, code, ids, place, text, until};
use crate::support::rig::Rig;

#[tokio::test]
async fn a_clone_for_another_directory_leaves_the_client_where_it_was() {
    let (here, there) = (place("directory-here").await, place("directory-there").await);
    let clone = here.client.with_directory(text(&there.directory)).unwrap();
    let (mine, other) = (here.create().await, there.create().await);

    assert_eq!(clone.directory(), Some(text(&there.directory)));
    assert_eq!(ids(&clone.sessions().list().await.unwrap()), [&other.id]);
    assert_eq!(ids(&here.client.sessions().list().await.unwrap()), [&mine.id]);
    // A session is where it is, whichever client asks.
    assert_eq!(clone.sessions().get(&mine.id).await.unwrap().directory, text(&here.directory));
    assert_eq!(code(here.client.with_directory("")), "INVALID_ARGUMENT");
}

#[tokio::test]
async fn a_client_without_a_directory_is_where_the_server_is() {
    let rig = Rig::shared().await;
    let client = builder(rig).build().unwrap();
    let session = client.sessions().create(CreateSessionRequest::default()).await.unwrap();
    assert_eq!(session.directory, text(&rig.addresses.directory));
    assert!(ids(&client.sessions().list().await.unwrap()).contains(&session.id.as_str()));
}

/// A session made where it should be, listed there and not in the decoy, whose events arrive.
async fn session_at_home(here: &Place, decoy: &Place) -> Session {
    let events = here.client.subscribe().await.unwrap();
    let session = here.create().await;
    assert_eq!(session.directory, text(&here.directory));
    let foreign = decoy.create().await;
    assert_eq!(ids(&here.client.sessions().list().await.unwrap()), [&session.id]);
    assert_eq!(ids(&decoy.client.sessions().list().await.unwrap()), [&foreign.id]);
    let created = until(&events, |event| matches!(event, Event::SessionCreated { .. })).await;
    assert_eq!(created.session_id(), Some(session.id.as_str()));
    session
}

#[tokio::test]
async fn a_directory_may_have_spaces_percent_signs_and_any_letters_in_its_name() {
    let here = place("données 100% 日本").await;
    let session = session_at_home(&here, &place("données 100").await).await;

    let events = here.client.subscribe().await.unwrap();
    here.say(&session, "write a file").await;
    assert_eq!(std::fs::read_to_string(here.file("written.txt")).unwrap(), "hi\n");
    let idle = until(&events, |event| matches!(event, Event::SessionIdle { .. })).await;
    assert_eq!(idle.session_id(), Some(session.id.as_str()));
    here.make_busy(&session).await;
    assert_eq!(code(here.client.sessions().delete(&session.id).await), "CONFLICT");
    here.client.sessions().delete(&session.id).force(true).await.unwrap();
}

/// The server (1.18) itself decodes the name once more before it runs a turn: the tools of this
/// session work in `with percent`, whatever a client sends. The rest is as it should be.
#[tokio::test]
async fn a_directory_whose_name_looks_encoded_is_not_decoded_here() {
    let here = place("with%20percent").await;
    let session = session_at_home(&here, &place("with percent").await).await;
    assert_eq!(here.say(&session, "hello").await.text(), "Hi there!");
}

//! `share` and `unshare`: what is shared can be taken back, and its address is shown to nobody
//! who did not ask for it.

use opencode_sessions::server::Unshared;
use serde_json::json;

use crate::logged::Logged;
use crate::place::{code, place, place_with, sharing_at};
use crate::support::scripted::{Reply, Scripted};

#[tokio::test]
async fn a_shared_session_has_a_token_and_an_address_until_it_is_unshared() {
    let here = place("share").await;
    let session = here.create().await;
    let sessions = here.client.sessions();
    assert_eq!(sessions.unshare(&session.id).await.unwrap(), Unshared::NotShared);

    let shared = sessions.share(&session.id).await.unwrap();
    let share = |known: crate::support::rig::Shares| {
        known.shares.into_iter().find(|share| share.url == shared.share_url)
    };
    let published = share(here.rig.shares().await).unwrap();
    assert_eq!(shared.shared_token, published.id);
    let again = sessions.share(&session.id).await.unwrap();
    assert_eq!(again, shared, "sharing twice is sharing once");

    assert_eq!(sessions.unshare(&session.id).await.unwrap(), Unshared::Unshared);
    assert!(share(here.rig.shares().await).is_none(), "it is still public");
    sessions.unshare(&session.id).await.unwrap();
    let asked = here.rig.shares().await.requests.into_iter();
    let deletions = asked.filter(|request| {
        request.method == "DELETE" && request.path.contains(&shared.shared_token)
    });
    assert_eq!(deletions.count(), 1, "unsharing twice is unsharing once");
    assert_eq!(code(sessions.share("ses_nope").await), "NOT_FOUND");
    assert_eq!(code(sessions.unshare("ses_nope").await), "NOT_FOUND");
}

#[tokio::test]
async fn the_address_of_a_share_is_in_no_debug_text_log_or_export() {
    let logged = Logged::from_here();
    let here = place("share-secret").await;
    let session = here.create().await;
    here.keep(&session, "something").await;
    let shared = here.client.sessions().share(&session.id).await.unwrap();
    let session = here.client.sessions().get(&session.id).await.unwrap();
    assert_eq!(session.info.share.as_ref().unwrap().url, shared.share_url, "who asks is told");

    let listed = here.client.sessions().list().await.unwrap();
    let details = here.client.sessions().details(&session.id).await.unwrap();
    let exported = here.client.sessions().export(&session.id).await.unwrap();
    assert_eq!(exported["info"].get("share"), None);
    let deleted = here.client.sessions().delete(&session.id).await.unwrap();
    assert!(deleted.unshared);

    let shown = format!("{shared:?} {session:?} {listed:?} {details:?} {deleted:?} {exported}");
    for text in [shown, logged.text()] {
        assert!(!text.contains(&shared.share_url), "the address is in {text}");
        assert!(!text.contains(&format!("share/{}", shared.shared_token)), "{text}");
    }
}

#[tokio::test]
async fn a_shared_session_is_unshared_before_it_is_deleted() {
    let here = place("share-delete").await;
    let session = here.create().await;
    let shared = here.client.sessions().share(&session.id).await.unwrap();
    let deleted = here.client.sessions().delete(&session.id).await.unwrap();
    assert!(deleted.unshared && !deleted.aborted, "{deleted:?}");
    let shares = here.rig.shares().await.shares;
    assert!(!shares.iter().any(|share| share.url == shared.share_url), "it is still public");
}

#[tokio::test]
async fn a_session_that_cannot_be_unshared_stays_unless_forced() {
    let service = Scripted::start(|request| match request.method.as_str() {
        "DELETE" => Reply::json(500, &json!({"error": "no"})),
        _ => Reply::json(200, &json!({"id": "tok", "url": "http://s/share/tok", "secret": "s"})),
    })
    .await;
    let here = place_with("share-stuck", sharing_at(service.url())).await;
    let session = here.create().await;
    let sessions = here.client.sessions();
    assert_eq!(sessions.share(&session.id).await.unwrap().shared_token, "tok");

    let error = sessions.unshare(&session.id).await.unwrap_err();
    assert_eq!(error.code().as_str(), "SERVER");
    assert!(error.hint().contains("share service"), "{}", error.hint());
    let error = sessions.delete(&session.id).await.unwrap_err();
    assert_eq!(error.code().as_str(), "SERVER");
    assert!(error.hint().contains("stays") && error.hint().contains("force"), "{}", error.hint());
    assert_eq!(sessions.get(&session.id).await.unwrap().id, session.id);

    let deleted = sessions.delete(&session.id).force(true).await.unwrap();
    assert!(!deleted.unshared);
    assert_eq!(deleted.problems.len(), 1);
    assert!(deleted.problems[0].contains("still shared"), "{deleted:?}");
    assert_eq!(code(sessions.get(&session.id).await), "NOT_FOUND");
}

#[tokio::test]
async fn sharing_where_it_is_disabled_or_broken_says_what_to_look_at() {
    let service = Scripted::start(|_| Reply::json(500, &json!({"error": "no"}))).await;
    let broken = place_with("share-broken", sharing_at(service.url())).await;
    let disabled = place_with("share-disabled", json!({"share": "disabled"})).await;
    for here in [broken, disabled] {
        let session = here.create().await;
        let error = here.client.sessions().share(&session.id).await.unwrap_err();
        assert_eq!(error.code().as_str(), "SERVER");
        assert_eq!(error.session_id(), Some(session.id.as_str()));
        assert!(error.hint().contains("sharing may be disabled"), "{}", error.hint());
        assert!(error.hint().contains("share service"), "{}", error.hint());
    }
}

//! `list`: everything by default, and what the filters leave of it.

use futures_util::stream::{StreamExt, iter};
use opencode_sessions::types::request::{
    CreateSessionRequest, RevertRequest, UpdateSessionRequest,
};
use opencode_sessions::types::session::SessionStatus;

use crate::place::{ids, named, place};

#[tokio::test]
async fn a_project_without_sessions_has_an_empty_list() {
    let here = place("list-empty").await;
    assert_eq!(here.client.sessions().list().await.unwrap(), []);
}

#[tokio::test]
async fn a_list_holds_all_sessions_also_more_than_the_server_would_tell() {
    let here = place("list-many").await;
    let creating = (0..101).map(|_| here.create());
    let created: Vec<_> = iter(creating).buffer_unordered(8).collect().await;

    let listed = here.client.sessions().list().await.unwrap();
    let (mut created, mut all) = (ids(&created), ids(&listed));
    created.sort_unstable();
    all.sort_unstable();
    assert_eq!(all, created);
    assert!(listed.is_sorted_by(|newer, older| newer.updated_at >= older.updated_at));

    let newest = here.client.sessions().list().limit(5).await.unwrap();
    assert_eq!(newest.len(), 5);
    assert_eq!(newest[0].updated_at, listed[0].updated_at);
    assert_eq!(here.client.sessions().list().limit(0).await.unwrap(), []);
}

#[tokio::test]
async fn sessions_are_found_by_title_by_time_and_without_those_of_another() {
    let here = place("list-filters").await;
    let parser = here.create_named("Refactor the parser").await;
    let request = CreateSessionRequest { parent_id: Some(parser.id.clone()), ..named("A child") };
    let child = here.client.sessions().create(request).await.unwrap();
    let mut newest = here.create_named("Write the PARSER's docs").await;
    while newest.updated_at == child.updated_at {
        here.client.sessions().delete(&newest.id).await.unwrap();
        newest = here.create_named("Write the PARSER's docs").await;
    }
    let list = || here.client.sessions().list();

    assert_eq!(ids(&list().await.unwrap()).len(), 3, "children are sessions");
    let mut roots = list().roots(true).await.unwrap();
    roots.sort_by_key(|session| session.created_at);
    assert_eq!(ids(&roots), [&parser.id, &newest.id]);
    let mut found = list().search("parser").await.unwrap();
    found.sort_by_key(|session| session.created_at);
    assert_eq!(ids(&found), [&parser.id, &newest.id], "whatever the case");
    assert_eq!(ids(&list().search("parser").limit(1).await.unwrap()), [&newest.id]);
    assert_eq!(ids(&list().since(newest.updated_at).await.unwrap()), [&newest.id]);
    assert_eq!(list().search("no such title").await.unwrap(), []);
}

#[tokio::test]
async fn all_projects_are_listed_when_asked_for() {
    let (here, there) = (place("list-one").await, place("list-other").await);
    let (mine, other) = (here.create().await, there.create().await);
    let away = UpdateSessionRequest {
        status: Some(SessionStatus::Archived),
        ..UpdateSessionRequest::default()
    };
    here.client.sessions().update(&mine.id, away).await.unwrap();

    assert_eq!(ids(&here.client.sessions().list().await.unwrap()), [&mine.id]);
    let everywhere = here.client.sessions().list().all_projects(true).await.unwrap();
    let known = ids(&everywhere);
    assert!(known.contains(&mine.id.as_str()), "archived ones too");
    assert!(known.contains(&other.id.as_str()));
    let one = here.client.sessions().list().all_projects(true).limit(1).await.unwrap();
    assert_eq!(one.len(), 1);
}

#[tokio::test]
async fn a_list_tells_each_sessions_status() {
    let here = place("list-status").await;
    let idle = here.create().await;
    let archived = here.create().await;
    let away = UpdateSessionRequest {
        status: Some(SessionStatus::Archived),
        ..UpdateSessionRequest::default()
    };
    here.client.sessions().update(&archived.id, away).await.unwrap();
    let reverted = here.create().await;
    here.say(&reverted, "hello").await;
    here.client.sessions().revert(&reverted.id, RevertRequest::default()).await.unwrap();
    let active = here.busy().await;

    let expected = [
        (&idle, SessionStatus::Idle),
        (&archived, SessionStatus::Archived),
        (&reverted, SessionStatus::Reverted),
        (&active, SessionStatus::Active),
    ];
    let listed = here.client.sessions().list().await.unwrap();
    for (session, status) in expected {
        let in_list = listed.iter().find(|listed| listed.id == session.id).unwrap();
        assert_eq!(in_list.status, status);
        assert_eq!(here.client.sessions().get(&session.id).await.unwrap().status, status);
    }
    here.client.sessions().abort_or_err(&active.id).await.unwrap();
}

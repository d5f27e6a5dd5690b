//! User name and password: sent with everything, shown nowhere.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use opencode_sessions::types::request::CreateSessionRequest;
use opencode_sessions::{Client, ErrorCode};

use crate::logged::Logged;
use crate::place::{builder, place, text};
use crate::support::rig::Rig;
use crate::support::{player, plays};

#[tokio::test]
async fn a_wrong_or_missing_password_is_refused_in_every_kind_of_call() {
    let rig = Rig::shared().await;
    let right = builder(rig).build().unwrap();
    let session = right.sessions().create(CreateSessionRequest::default()).await.unwrap();
    let id = session.id;
    for builder in [
        builder(rig).password("wrong"),
        builder(rig).password(""),
        builder(rig).username("somebody"),
    ] {
        let client = builder.build().unwrap();
        for error in [
            client.sessions().list().await.map(|_| ()),
            client.sessions().create(CreateSessionRequest::default()).await.map(|_| ()),
            client.sessions().delete(&id).force(true).await.map(|_| ()),
            client.subscribe().await.map(|_| ()),
            client.subscribe_session(&id).await.map(|_| ()),
            client.run_text("hello").await.map(|_| ()),
            client.version().await.map(|_| ()),
        ] {
            let error = error.unwrap_err();
            assert_eq!(error.code(), ErrorCode::Unauthorized, "{error}");
            assert!(error.hint().contains("OPENCODE_SERVER_PASSWORD"), "{}", error.hint());
        }
    }
    assert_eq!(right.version().await.unwrap(), rig.addresses.version);
    assert_eq!(right.sessions().get(&id).await.unwrap().id, id);
}

#[tokio::test]
async fn a_password_in_the_address_is_as_good() {
    let rig = Rig::shared().await;
    let (name, password) = (&rig.addresses.username, &rig.addresses.password);
    let url = rig.addresses.url.replace("http://", &format!("http://{name}:{password}@"));
    let client = Client::builder().base_url(url).build().unwrap();
    assert!(client.health().await.unwrap().healthy);
    assert!(!client.base_url().contains(password));
}

#[tokio::test]
async fn the_environment_tells_address_user_and_password() {
    let rig = Rig::shared().await;
    let with = |username: &str, expected: &str| {
        let mut player = player("auth::role_asks_with_the_environment");
        player
            .env("OPENCODE_BASE_URL", &rig.addresses.url)
            .env("OPENCODE_SERVER_USERNAME", username)
            .env("OPENCODE_SERVER_PASSWORD", &rig.addresses.password)
            .env("EXPECTED", expected);
        player.output().unwrap()
    };
    for (username, expected) in
        [(rig.addresses.username.as_str(), "well"), ("somebody", "UNAUTHORIZED"), ("", "well")]
    {
        let ended = with(username, expected);
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    }
}

#[tokio::test]
#[ignore = "played by the_environment_tells_address_user_and_password"]
async fn role_asks_with_the_environment() {
    if !plays("auth::role_asks_with_the_environment") {
        return;
    }
    let asked = Client::builder().build().unwrap().health().await;
    let told = asked.map_or_else(|error| error.code().as_str(), |_| "well");
    assert_eq!(told, crate::support::told("EXPECTED"));
}

#[tokio::test]
async fn the_password_is_in_no_debug_text_log_or_error() {
    let logged = Logged::from_here();
    let here = place("auth-secret").await;
    let builder = builder(here.rig).directory(text(&here.directory));
    let mut shown = format!("{builder:?}");
    let client = builder.build().unwrap();
    let session = here.create().await;
    let events = client.subscribe_session(&session.id).await.unwrap();
    client.run_text("hello").await.unwrap();
    let unknown = client.sessions().get("ses_nope").await.unwrap_err();
    let away = Client::builder()
        .base_url("http://127.0.0.1:1")
        .password(&here.rig.addresses.password)
        .retries(0)
        .build()
        .unwrap();
    let unanswered = away.health().await.unwrap_err();
    shown += &format!("{client:?} {:?} {:?}", client.sessions(), client.messages().list("ses_1"));
    shown += &format!("{events:?} {unknown:?} {unknown} {unanswered:?} {unanswered}");
    client.close().await;

    let password = &here.rig.addresses.password;
    let pair = STANDARD.encode(format!("{}:{password}", here.rig.addresses.username));
    for text in [shown, logged.text()] {
        assert!(!text.contains(password.as_str()) && !text.contains(&pair), "{text}");
    }
}

//! Ids come from anywhere: each is one segment of its route's path, or an error.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use opencode_sessions::server::PermissionAnswer;
use opencode_sessions::{Client, Result};
use percent_encoding::percent_decode_str;

use crate::fake::{client, server, told};
use crate::support::scripted::Reply;

const ODD: [&str; 14] = [
    "",
    "/",
    ".",
    "..",
    "%2e%2e",
    " ",
    "a b",
    "é日本",
    "ses_/../../global",
    "ses_..",
    "ses_%2e%2e%2f",
    "ses_?limit=1#x",
    "ses_\\..\\x",
    "ses_\n\0",
];

/// What a call is to the server: its method and the segments of its path, `ID` for the odd one.
type Route = (&'static str, &'static str, fn(Client, String) -> BoxFuture<'static, Result<()>>);

const ROUTES: [Route; 9] = [
    ("GET", "/session/ID", |client, id| {
        async move { client.sessions().get(&id).await.map(drop) }.boxed()
    }),
    ("DELETE", "/session/ID", |client, id| {
        async move { client.sessions().delete(id).await.map(drop) }.boxed()
    }),
    ("POST", "/session/ID/abort", |client, id| {
        async move { client.sessions().abort(&id).await.map(drop) }.boxed()
    }),
    ("GET", "/session/ID/message", |client, id| {
        async move { client.messages().list(id).await.map(drop) }.boxed()
    }),
    ("GET", "/session/ses_1/message/ID", |client, id| {
        async move { client.messages().get("ses_1", &id).await.map(drop) }.boxed()
    }),
    ("DELETE", "/session/ses_1/message/msg_2/part/ID", |client, id| {
        async move { client.messages().delete_part("ses_1", "msg_2", &id).await }.boxed()
    }),
    ("POST", "/permission/ID/reply", |client, id| {
        async move { client.permissions().reply(&id, PermissionAnswer::Once).await }.boxed()
    }),
    ("POST", "/question/ID/reject", |client, id| {
        async move { client.questions().reject(&id).await }.boxed()
    }),
    ("GET", "/session/ID", |client, id| async move { client.wait_idle(&id, None).await }.boxed()),
];

#[tokio::test]
async fn an_odd_id_reaches_no_other_route() {
    for (method, route, call) in ROUTES {
        let prefixes = [
            ("message/ID", "msg_"),
            ("part", "prt_"),
            ("permission", "per_"),
            ("question", "que_"),
        ];
        let own =
            prefixes.iter().find(|(part, _)| route.contains(part)).map_or("ses_", |found| found.1);
        for odd in ODD {
            for id in [odd.to_owned(), odd.replacen("ses_", own, 1), format!("{own}{odd}")] {
                let server = server(|request| {
                    request
                        .path
                        .starts_with("/session/ses_1")
                        .then(|| Reply::json(404, &serde_json::json!({})))
                })
                .await;
                let error = call(client(&server), id.clone()).await.unwrap_err();
                let allowed = ["NOT_FOUND", "INVALID_REQUEST"].contains(&error.code().as_str());
                assert!(allowed, "{route} {id:?}: {}", told(&error));

                let (before, after) = route.split_once("ID").unwrap();
                for request in server.requests() {
                    if ["/global/health", "/session/status"].contains(&request.path.as_str()) {
                        continue;
                    }
                    // Some calls look at the session before, or at what is in it.
                    let path = request.path.strip_prefix(before).unwrap_or_else(|| {
                        panic!("{route} with {id:?} asked for {}", request.route())
                    });
                    let segment = path.split('/').next().unwrap();
                    assert_eq!(percent_decode_str(segment).decode_utf8().unwrap(), id);
                    let rest = &path[segment.len()..];
                    assert!(
                        rest == after || rest.is_empty(),
                        "{method} {route}: {}",
                        request.route()
                    );
                    assert!(![".", ".."].contains(&segment) && !segment.is_empty());
                }
            }
        }
    }
}

#[tokio::test]
async fn an_endless_id_is_an_error() {
    let server = server(|_| None).await;
    let client = client(&server);
    let error = client.sessions().get(&format!("ses_{}", "x".repeat(200_000))).await.unwrap_err();
    assert_eq!(error.code().as_str(), "INVALID_REQUEST", "{}", &told(&error)[..300]);
    assert!(!server.requests().iter().any(|request| request.path.starts_with("/session/ses_x")));
}

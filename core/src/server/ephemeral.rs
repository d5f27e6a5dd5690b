//! Ephemeral sessions: deleted with their client, or later for one that could not.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::runtime::Handle;

use super::client::{Client, Ephemeral};
use super::http::{Call, Http};
use super::sessions::{Remembered, delete_plainly};
use crate::defaults;
use crate::error::{ErrorCode, Result};
use crate::model::Time;

pub(super) async fn delete(client: &Client, sessions: Vec<Ephemeral>) {
    let deletions = sessions.iter().map(|session| async {
        match client.sessions().delete(&session.id).force(true).await {
            Err(error) if error.code() != ErrorCode::NotFound => {
                tracing::warn!(session = session.id, %error, "an ephemeral session is left");
            }
            _ => {}
        }
    });
    join_all(deletions).await;
}

/// What can be done when a client is dropped instead of closed: the deletion is begun.
pub(super) fn delete_later(http: &Arc<Http>, sessions: Vec<Ephemeral>) {
    let Ok(runtime) = Handle::try_current() else {
        tracing::warn!(
            ?sessions,
            "a client was dropped without close(); cleanup_ephemeral() deletes what it left"
        );
        return;
    };
    let http = Arc::clone(http);
    runtime.spawn(async move {
        for Ephemeral { id } in sessions {
            let deleted = async {
                http.send(Call::post("").of_session(&id)?.then("abort")).await?;
                delete_plainly(&http, &id).await
            };
            if let Err(error) = deleted.await {
                tracing::warn!(session = id, %error, "an ephemeral session is left");
            }
        }
    });
}

pub(super) async fn cleanup(client: &Client, older_than: Option<Duration>) -> Result<Vec<String>> {
    let age = older_than.unwrap_or(defaults::EPHEMERAL_AGE).as_millis();
    let now = Time::now().as_millis();
    let mut deleted = Vec::new();
    for session in client.sessions().list().all_projects(true).await? {
        let Some(mark) = Remembered::of(&session.info).ephemeral else { continue };
        let old = u128::try_from(now - mark.created).is_ok_and(|lived| lived >= age);
        if mark.owner == client.shared.owner || !old {
            continue;
        }
        match client.sessions().delete(&session.id).force(true).await {
            Ok(_) => deleted.push(session.id),
            Err(error) => {
                tracing::warn!(session = session.id, %error, "an ephemeral session is left");
            }
        }
    }
    Ok(deleted)
}

//! Ephemeral sessions: deleted with their client, or later for one that could not.

use std::time::Duration;

use futures_util::future::join_all;

use super::client::{Client, Ephemeral};
use super::sessions::Remembered;
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

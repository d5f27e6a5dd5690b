//! `diff`: what a whole session changed, summed up by file.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::Sessions;
use crate::error::Result;
use crate::server::types::diff::FileDiff;
use crate::server::types::message::Message;
use crate::server::types::part::Part;

/// The server works out what a turn changed after it has answered. For so long after the answer
/// the files that its steps changed are waited for, and a call waits no longer than that.
const FRESH: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(50);

/// What a session did to one file.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FileChange {
    /// In the project; empty when an old server does not tell it.
    pub path: String,
    pub lines_added: u64,
    pub lines_removed: u64,
    /// `added`, `deleted` or `modified`, over all of the session.
    pub status: Option<String>,
    /// The patches of its turns, in order.
    pub patch: String,
}

/// What a session changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SessionDiff {
    /// One for each file, in the order in which they were first changed.
    pub file_diffs: Vec<FileChange>,
}

impl Sessions<'_> {
    /// What the whole session changed, turn by turn summed up.
    /// `GET /session/{id}/diff` for each message of the user; without one the server tells nothing
    pub async fn diff(self, id: &str) -> Result<SessionDiff> {
        let messages = self.client.messages().list(id).await?;
        let prompts = messages.iter().filter(|message| message.info.as_user().is_some());
        let mut turns = Vec::new();
        for prompt in prompts {
            let expected = freshly_changed(&messages, prompt.id());
            turns.push(self.diff_of_turn(id, prompt.id(), expected).await?);
        }
        Ok(SessionDiff { file_diffs: summed(turns.into_iter().flatten()) })
    }

    /// What a turn changed, once so many files are told. What was changed and changed back is not.
    async fn diff_of_turn(self, id: &str, prompt: &str, expected: usize) -> Result<Vec<FileDiff>> {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let told = self.diff_message(id, prompt).await?;
            if told.len() >= expected || Instant::now() >= give_up {
                return Ok(told);
            }
            sleep(PAUSE).await;
        }
    }
}

/// How many files a turn's steps changed, if it ended just now.
fn freshly_changed(messages: &[Message], prompt: &str) -> usize {
    let mut files = HashSet::new();
    let mut is_fresh = false;
    for message in messages {
        let Some(answer) = message.info.as_assistant() else { continue };
        if answer.parent_id.as_deref() != Some(prompt) {
            continue;
        }
        is_fresh = answer.time.completed.is_none_or(is_just_now);
        for part in &message.parts {
            if let Part::Patch { patch } = part {
                files.extend(patch.files.iter().map(String::as_str));
            }
        }
    }
    if is_fresh { files.len() } else { 0 }
}

fn is_just_now(millis: i64) -> bool {
    let now = Timestamp::now().as_millisecond();
    u128::from(now.abs_diff(millis)) < FRESH.as_millis()
}

fn summed(changes: impl Iterator<Item = FileDiff>) -> Vec<FileChange> {
    let mut files: Vec<FileChange> = Vec::new();
    for change in changes {
        let path = change.path().unwrap_or_default().to_owned();
        let known = files.iter().position(|file| file.path == path);
        let position = known.unwrap_or_else(|| {
            files.push(FileChange { path, ..FileChange::default() });
            files.len() - 1
        });
        let file = &mut files[position];
        file.lines_added += count(change.additions);
        file.lines_removed += count(change.deletions);
        file.status = over_all(file.status.take(), change.status.map(|status| status.to_string()));
        file.patch.push_str(change.patch.as_deref().unwrap_or_default());
        if !file.patch.is_empty() && !file.patch.ends_with('\n') {
            file.patch.push('\n');
        }
    }
    files
}

/// A file that was added and then modified was added; one that was added again was modified.
fn over_all(before: Option<String>, now: Option<String>) -> Option<String> {
    match (before.as_deref(), now.as_deref()) {
        (Some("added"), Some("modified")) => before,
        (Some("deleted"), Some("added")) => Some("modified".to_owned()),
        (_, None) => before,
        _ => now,
    }
}

fn count(lines: f64) -> u64 {
    // Saturates, and no line count is fractional.
    lines.max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(json: serde_json::Value) -> FileDiff {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn turns_are_summed_up_by_file_and_paths_come_from_patches_where_they_must() {
        let turns = [
            change(
                serde_json::json!({"file": "a.rs", "patch": "p1", "additions": 2, "deletions": 0, "status": "added"}),
            ),
            change(
                serde_json::json!({"patch": "--- a/b.rs\n+++ b/b.rs\n", "additions": 1, "deletions": 1}),
            ),
            change(
                serde_json::json!({"file": "a.rs", "patch": "p2\n", "additions": 1, "deletions": 2, "status": "modified"}),
            ),
        ];
        let files = summed(turns.into_iter());
        assert_eq!(files.len(), 2);
        assert_eq!((files[0].lines_added, files[0].lines_removed), (3, 2));
        assert_eq!(files[0].patch, "p1\np2\n");
        assert_eq!(files[0].status.as_deref(), Some("added"));
        assert_eq!(files[1].path, "b.rs");
    }
}

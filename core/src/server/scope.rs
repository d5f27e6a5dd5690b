//! A session for as long as a block lasts.

use super::client::Client;
use super::types::session::Session;

/// Holds a session that is deleted at its end: by [`close`](Self::close), or by being dropped,
/// which can only start the deletion. A turn that still runs is aborted first. What goes wrong is
/// logged, never raised over the block's own error.
///
/// ```no_run
/// # async fn example(client: opencode_sessions::Client) -> opencode_sessions::Result<()> {
/// let scope = client.session_scope(Default::default()).await?;
/// println!("{}", scope.session.id);
/// scope.close().await;
/// # Ok(())
/// # }
/// ```
#[must_use = "the session is deleted when the scope is dropped"]
#[derive(Debug)]
pub struct SessionScope {
    pub session: Session,
    client: Client,
    open: bool,
}

impl SessionScope {
    /// A scope over a session that exists.
    pub fn new(client: &Client, session: Session) -> Self {
        Self { session, client: client.clone(), open: true }
    }

    /// Deletes the session and waits for it.
    pub async fn close(mut self) {
        self.open = false;
        delete(&self.client, &self.session.id).await;
    }

    /// Ends the scope without deleting the session.
    pub fn keep(mut self) -> Session {
        self.open = false;
        self.session.clone()
    }
}

impl Drop for SessionScope {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        let (client, id) = (self.client.clone(), self.session.id.clone());
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(async move { delete(&client, &id).await })),
            Err(_) => tracing::warn!(
                session = id,
                "a scope was dropped outside of a runtime; its session is left"
            ),
        }
    }
}

/// Never fails: what goes wrong is logged.
pub(super) async fn delete(client: &Client, id: &str) {
    match client.sessions().delete(id).force(true).await {
        Ok(done) => {
            for problem in done.problems {
                tracing::warn!(session = id, problem, "the end of a session's scope");
            }
        }
        Err(error) => tracing::warn!(session = id, %error, "the session of a scope is left"),
    }
}

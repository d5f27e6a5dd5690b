//! What becomes of a turn whose caller stops waiting for it.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::AbortHandle;

use super::watch::Watch;
use crate::server::client::Client;
use crate::server::types::session::SessionInfo;

/// A caller that waits for a call whose answer comes when its turn is through. Dropped before it
/// [ends](Self::ends), it gives up the call: the caller waits no more, or the answer was lost. The
/// server goes on with the turn all the same, so its place is kept until that is through.
pub(super) struct Attendance(Option<Attended>);

struct Attended {
    client: Client,
    info: SessionInfo,
    call: AbortHandle,
    slot: Option<Arc<OwnedSemaphorePermit>>,
}

impl Attendance {
    pub(super) fn new(
        client: &Client,
        info: &SessionInfo,
        call: AbortHandle,
        slot: Option<Arc<OwnedSemaphorePermit>>,
    ) -> Self {
        Self(Some(Attended { client: client.for_background(), info: info.clone(), call, slot }))
    }

    pub(super) fn ends(mut self) {
        self.0 = None;
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        let Some(Attended { client, info, call, slot }) = self.0.take() else { return };
        call.abort();
        if slot.is_none() || Handle::try_current().is_err() {
            return;
        }
        let shared = Arc::clone(&client.shared);
        shared.spawn(async move {
            let over = async {
                let listener = client.shared.hub.listen(&client, &info.directory).await?;
                Watch::new(&client, info, listener, None).until_over(|_| Ok(())).await
            };
            if let Err(error) = over.await {
                tracing::warn!(%error, "the end of a turn that nobody waited for is not known");
            }
            drop(slot);
        });
    }
}

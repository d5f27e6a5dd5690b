//! A call whose answer comes when its turn is through.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::error::Result;
use crate::model::Map;
use crate::server::client::Client;
use crate::server::http::{Call, Http};
use crate::server::types::session::SessionInfo;

/// Holds all it needs, so that it can go on when nobody waits for it any more.
pub(in crate::server) struct TurnCall {
    http: Arc<Http>,
    session: SessionInfo,
    segment: &'static str,
    body: Map,
    timeout: Option<Duration>,
}

impl TurnCall {
    /// A `POST /session/{id}/{segment}`.
    pub(in crate::server) fn new(
        client: &Client,
        session: &SessionInfo,
        segment: &'static str,
        body: Map,
        timeout: Option<Duration>,
    ) -> Result<Self> {
        client.open()?;
        let http = Arc::clone(&client.shared.http);
        Ok(Self { http, session: session.clone(), segment, body, timeout })
    }

    pub(in crate::server) async fn send<T: DeserializeOwned>(self) -> Result<T> {
        let call = Call::post("").of_session(&self.session.id)?.then(self.segment);
        let call = call.in_directory(Some(&self.session.directory)).timeout(self.timeout);
        self.http.json(call.of_turn().json(&self.body)?).await
    }
}

//! Conversations by id: listed, described, deleted.

use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use opencode_sessions::conversation::Conversation;
use opencode_sessions::{Result, SessionStorage};
use serde::Deserialize;
use serde_json::json;

use crate::calls::{apart, read};
use crate::queries::Listing;
use crate::storage::NativeStorage;
use crate::text;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
enum Call {
    List { query: Box<Listing> },
    Info { session_id: String },
    Delete { session_id: String },
    DeleteAll {},
}

/// Does one thing with the conversations of a store, the default one if none is given. Every text
/// is JSON.
#[napi(ts_return_type = "Promise<string>")]
pub(crate) fn conversations<'env>(
    env: &'env napi::Env,
    storage: Option<&NativeStorage>,
    call: String,
) -> napi::Result<PromiseRaw<'env, String>> {
    let storage = storage.map(|storage| storage.storage.clone());
    apart(env, move || {
        let call = read(&call)?;
        let storage = match storage {
            Some(storage) => storage,
            None => SessionStorage::open(Default::default())?,
        };
        run(&storage, call)
    })
}

fn run(storage: &SessionStorage, call: Call) -> Result<String> {
    match call {
        Call::List { query } => text::write(&Conversation::list(storage, &query.query()?)?),
        Call::Info { session_id } => text::write(&Conversation::info(storage, &session_id)?),
        Call::Delete { session_id } => text::write(&Conversation::delete(storage, &session_id)?),
        Call::DeleteAll {} => {
            let report = Conversation::delete_all(storage)?;
            text::write(&json!({"removed": report.removed, "skipped": report.skipped}))
        }
    }
}

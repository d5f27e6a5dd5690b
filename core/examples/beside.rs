//! Uses a store that programs in other languages use as well, and says in JSON what it saw.
//!
//! `beside look STORE SESSION WORD` lists, loads and searches; `beside add STORE SESSION MESSAGE`
//! resumes the session, adds a message given in the form of the files, and closes it.

use std::error::Error;

use opencode_sessions::{
    OpencodeError, Query, SearchQuery, SessionManager, SessionMessage, SessionStorage,
};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [how, store, id, what] = arguments.as_slice() else {
        return Err("give look or add, the store, the session, and a word or a message".into());
    };
    let manager = SessionManager::new(SessionStorage::new(store)?);
    let seen = match how.as_str() {
        "look" => look(&manager, id, what)?,
        "add" => {
            let message: SessionMessage = serde_json::from_str(what)?;
            add(&manager, id, message).unwrap_or_else(
                |error| json!({"code": error.code().as_str(), "message": error.to_string()}),
            )
        }
        other => return Err(format!("{other} is neither look nor add").into()),
    };
    println!("{seen}");
    Ok(())
}

fn look(manager: &SessionManager, id: &str, word: &str) -> Result<Value, OpencodeError> {
    let listed = manager.list_sessions(&Query::default())?;
    manager.storage().wait_for_index()?;
    let search = SearchQuery { text: word.to_owned(), ..SearchQuery::default() };
    let found = manager.search_messages(&search)?;
    Ok(json!({
        "listed": listed.items.iter().map(|summary| &summary.id).collect::<Vec<_>>(),
        "found": found.hits.iter().map(|hit| &hit.message_id).collect::<Vec<_>>(),
        "session": manager.storage().load(id)?.to_json(),
    }))
}

fn add(
    manager: &SessionManager,
    id: &str,
    message: SessionMessage,
) -> Result<Value, OpencodeError> {
    manager.resume(id)?;
    let added = manager.add_message(message)?;
    manager.close()?;
    Ok(json!({ "id": &*added.id }))
}

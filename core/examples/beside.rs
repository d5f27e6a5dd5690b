//! Uses a store that programs in other languages use as well, and says in JSON what it saw.
//!
//! | `beside HOW STORE SESSION WHAT` | |
//! |---|---|
//! | `look` a word | lists, loads and searches |
//! | `add` a message as the files have it | resumes the session, adds the message, and closes it |
//! | `begin` options | begins a conversation |
//! | `speak` `{"said", "tool"}` | resumes the conversation, offers a tool of its own, and speaks |
//! | `view` anything | loads the conversation without holding it |
//! | `export` a format | gives the conversation as data |
//! | `import` such data | stores it as the conversation it was |

use std::error::Error;

use opencode_sessions::conversation::tools::Tool;
use opencode_sessions::conversation::{Chunk, Conversation, ConversationOptions, ToolChoice};
use opencode_sessions::{
    Format, OnConflict, OpencodeError, Query, SearchQuery, SessionManager, SessionMessage,
    SessionStorage,
};
use serde_json::{Map, Value, json};

type Seen = Result<Value, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [how, store, id, what] = arguments.as_slice() else {
        return Err("say how, the store, the session, and what".into());
    };
    let storage = SessionStorage::new(store)?;
    let seen = match how.as_str() {
        "look" => look(&SessionManager::new(storage), id, what),
        "add" => add(&SessionManager::new(storage), id, what),
        "begin" => begin(storage, id, what),
        "speak" => speak(storage, id, what).await,
        "view" => view(storage, id),
        "export" => export(storage, id, what),
        "import" => import(storage, what),
        other => return Err(format!("{other} is no way to use a store").into()),
    };
    let told = match seen {
        Ok(seen) => seen,
        Err(error) => {
            let error = error.downcast::<OpencodeError>()?;
            json!({"code": error.code().as_str(), "message": error.to_string()})
        }
    };
    println!("{told}");
    Ok(())
}

fn look(manager: &SessionManager, id: &str, word: &str) -> Seen {
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

fn add(manager: &SessionManager, id: &str, message: &str) -> Seen {
    let message: SessionMessage = serde_json::from_str(message)?;
    manager.resume(id)?;
    let added = manager.add_message(message)?;
    manager.close()?;
    Ok(json!({ "id": &*added.id }))
}

fn begin(storage: SessionStorage, id: &str, options: &str) -> Seen {
    let mut given: Map<String, Value> = serde_json::from_str(options)?;
    let tools: Vec<String> = serde_json::from_value(given.remove("tools").unwrap_or_default())?;
    seen(&Conversation::create(ConversationOptions {
        session_id: Some(id.to_owned()),
        storage: Some(storage),
        tools: tools.into_iter().map(ToolChoice::BuiltIn).collect(),
        ..ConversationOptions::from_plain(given)?
    })?)
}

async fn speak(storage: SessionStorage, id: &str, what: &str) -> Seen {
    let asked: Value = serde_json::from_str(what)?;
    let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
    let conversation = Conversation::resume(id, kept_in(storage))?;
    let schema = json!({"type": "object"});
    conversation.register_tool(Tool::new(
        text("tool"),
        "",
        schema,
        |params: Value, _| async move {
            if params["waits"] == true {
                println!("{}", json!({"waits": params}));
                std::future::pending::<()>().await;
            }
            Ok(json!({"by": "Rust", "given": params}))
        },
    )?)?;
    let mut answer = conversation.message(text("said"));
    while let Some(chunk) = answer.next().await {
        if let Chunk::Text { content } = chunk? {
            println!("{}", json!({ "text": content }));
        }
    }
    seen(&conversation)
}

fn view(storage: SessionStorage, id: &str) -> Seen {
    seen(&Conversation::load(id, kept_in(storage))?)
}

fn export(storage: SessionStorage, id: &str, format: &str) -> Seen {
    let conversation = Conversation::load(id, kept_in(storage))?;
    Ok(conversation.export(Format::parse(format)?)?)
}

fn import(storage: SessionStorage, data: &str) -> Seen {
    let data = serde_json::from_str(data)?;
    seen(&Conversation::import(&data, OnConflict::Error, kept_in(storage))?)
}

fn kept_in(storage: SessionStorage) -> ConversationOptions {
    ConversationOptions { storage: Some(storage), ..ConversationOptions::default() }
}

/// What is seen of a conversation, which is closed then.
fn seen(conversation: &Conversation) -> Seen {
    let shown = json!({
        "messages": conversation.get_messages(None, None)?,
        "state": conversation.state()?,
        "session": conversation.session()?.to_json(),
    });
    conversation.close()?;
    Ok(shown)
}

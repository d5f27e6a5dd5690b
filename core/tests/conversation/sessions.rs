//! Conversations and their sessions: made, resumed, shared, exported.

use opencode_sessions::conversation::tools::Tool;
use opencode_sessions::conversation::{
    Busy, Conversation, ConversationOptions, Prices, ProviderChoice,
};
use opencode_sessions::manager::OnConflict;
use opencode_sessions::provider::Reply;
use opencode_sessions::{Format, Query, Role};
use serde_json::json;

use crate::place::{place, said};
use crate::support::scripted::{self, Scripted};

#[tokio::test]
async fn a_conversation_goes_on_where_it_was() {
    let here = place([Reply::text("Blue."), Reply::text("Still blue.")]);
    let options = ConversationOptions {
        temperature: Some(0.2),
        tool_timeout: Some(std::time::Duration::from_millis(1_500)),
        busy: Some(Busy::Error),
        prices: Some(Prices { input: 3.0, output: 15.0, ..Prices::default() }),
        ..here.options()
    };
    let first = Conversation::create(options).unwrap();
    first.message("Which colour?").text().await.unwrap();
    first.close().unwrap();

    let again = Conversation::resume(&first.id()[..8], here.options()).unwrap();
    assert_eq!(again.message("And now?").text().await.unwrap(), "Still blue.");
    let asked = here.asked();
    assert_eq!(asked.messages.len(), 3);
    assert_eq!(asked.temperature, Some(0.2), "options are kept");
    let kept = again.session().unwrap().options.unwrap();
    let kept = ["tool_timeout", "busy", "prices"].map(|option| kept[option].clone());
    let prices = json!({"input": 3.0, "output": 15.0, "cache_read": null, "cache_write": null});
    assert_eq!(kept, [json!(1.5), json!("error"), prices]);
    let (first, second) = (again.message("And"), again.message("now?"));
    assert_eq!(second.result().await.unwrap_err().code().as_str(), "BUSY");
    first.result().await.unwrap_err();
}

#[tokio::test]
async fn an_id_that_exists_is_resumed_and_another_one_is_made() {
    let here = place([Reply::text("One."), Reply::text("Two.")]);
    let options = || ConversationOptions { session_id: Some("mine".to_owned()), ..here.options() };
    let first = Conversation::create(options()).unwrap();
    assert_eq!(first.id(), "mine");
    first.message("1").text().await.unwrap();
    first.close().unwrap();
    let again = Conversation::create(options()).unwrap();
    again.message("2").text().await.unwrap();
    assert_eq!(again.session().unwrap().messages.len(), 4);
}

#[tokio::test]
async fn nothing_is_written_until_it_is_saved_when_that_is_wanted() {
    let here = place([Reply::text("Secret."), Reply::text("Known.")]);
    let options = ConversationOptions { auto_save: Some(false), ..here.options() };
    let conversation = Conversation::create(options).unwrap();
    conversation.message("A secret?").text().await.unwrap();
    assert!(!here.storage.exists(conversation.id()).unwrap());
    conversation.save().unwrap();
    assert_eq!(here.storage.load(conversation.id()).unwrap().messages.len(), 2);
}

#[tokio::test]
async fn a_loaded_conversation_is_a_copy_until_it_speaks() {
    let here = place([Reply::text("One."), Reply::text("Two."), Reply::text("Three.")]);
    let first = here.conversation();
    first.message("1").text().await.unwrap();
    let second = Conversation::load(first.id(), here.options()).unwrap();
    first.message("2").text().await.unwrap();
    assert_eq!(said(&second).len(), 2);
    second.message("3").text().await.unwrap();
    assert_eq!(said(&second).len(), 6, "it goes on behind what was said meanwhile");
}

#[tokio::test]
async fn two_conversations_over_one_session_take_turns() {
    let here = place((0..20).map(|n| Reply::text(&format!("a{n}"))));
    let first = here.conversation();
    let second = Conversation::resume(first.id(), here.options()).unwrap();
    let streams: Vec<_> = (0..10).flat_map(|_| [first.message("q"), second.message("q")]).collect();
    for stream in streams {
        stream.text().await.unwrap();
    }
    let roles: Vec<_> = said(&first).into_iter().map(|(role, _)| role).collect();
    for pair in roles.chunks(2) {
        assert_eq!(pair, [Role::User, Role::Assistant]);
    }
    assert_eq!(roles.len(), 40);
}

#[tokio::test]
async fn sessions_are_listed_described_exported_imported_and_deleted() {
    let here = place([Reply::text("x".repeat(500).as_str())]);
    let conversation = here.conversation();
    conversation.message("Hi.").text().await.unwrap();
    let state = conversation.state().unwrap();
    assert_eq!((state.message_count, state.model.as_str()), (2, "m1"));
    assert_eq!(state.last_message.as_ref().unwrap().chars().count(), 201);
    assert_eq!(Conversation::info(&here.storage, conversation.id()).unwrap(), state);
    assert_eq!(Conversation::list(&here.storage, &Query::default()).unwrap(), [state]);

    let data = conversation.export(Format::Native).unwrap();
    conversation.close().unwrap();
    let error = Conversation::import(&data, OnConflict::Error, here.options()).unwrap_err();
    assert_eq!(error.code().as_str(), "SESSION_CONFLICT");
    let copy = Conversation::import(&data, OnConflict::NewId, here.options()).unwrap();
    assert_ne!(copy.id(), conversation.id());
    assert_eq!(said(&copy).len(), 2);
    copy.close().unwrap();
    assert!(Conversation::delete(&here.storage, copy.id()).unwrap());
    let report = Conversation::delete_all(&here.storage).unwrap();
    assert_eq!(report.removed, [conversation.id()]);
    here.storage.restore(conversation.id()).unwrap();
}

#[test]
fn options_out_of_range_are_refused_before_anything_is_stored() {
    let here = place([]);
    let wrong = [
        ConversationOptions { temperature: Some(1.5), ..here.options() },
        ConversationOptions { temperature: Some(f64::NAN), ..here.options() },
        ConversationOptions { max_tokens: Some(0), ..here.options() },
        ConversationOptions { max_turns: Some(0), ..here.options() },
        ConversationOptions { prune_threshold: Some(0.0), ..here.options() },
        ConversationOptions { stop_sequences: vec![String::new()], ..here.options() },
        ConversationOptions { max_tokens: Some(10), context_window: Some(10), ..here.options() },
        ConversationOptions { model: None, ..here.options() },
        ConversationOptions { tools: vec!["nope".into()], ..here.options() },
        ConversationOptions { session_id: Some("../x".to_owned()), ..here.options() },
    ];
    for (n, options) in wrong.into_iter().enumerate() {
        let error = Conversation::create(options).unwrap_err();
        let expected = if n == 9 { "INVALID_ID" } else { "INVALID_ARGUMENT" };
        assert_eq!(error.code().as_str(), expected, "{n}: {error}");
    }
    assert!(here.storage.list_session_ids().unwrap().is_empty());
}

#[tokio::test]
async fn a_conversation_that_is_resumed_with_another_model_speaks_with_its_provider() {
    let server = Scripted::queue([scripted::Reply::empty(401)]).await;
    let here = place([]);
    let compatible = |model: &str| ConversationOptions {
        model: Some(model.to_owned()),
        base_url: Some(server.url().to_owned()),
        api_key: Some("sk-first".to_owned()),
        provider: None,
        ..here.options()
    };
    let first = Conversation::create(compatible("openai/gpt-4o")).unwrap();
    first.close().unwrap();

    let other = |model: Option<&str>, provider: Option<&str>| ConversationOptions {
        model: model.map(str::to_owned),
        provider: provider.map(|name| ProviderChoice::Named(name.to_owned())),
        api_key: Some("sk-second".to_owned()),
        ..here.options()
    };
    // Nothing listens there: what matters is that the first server is not asked.
    let moved = Conversation::resume(
        first.id(),
        ConversationOptions {
            base_url: Some("http://127.0.0.1:9/v1".to_owned()),
            ..other(Some("claude-sonnet-4-5"), Some("anthropic"))
        },
    );
    let moved = moved.unwrap();
    assert_eq!(moved.state().unwrap().model, "claude-sonnet-4-5");
    moved.close().unwrap();
    assert!(server.requests().is_empty());

    let left = Conversation::resume(first.id(), other(None, None)).unwrap();
    left.message("Hello?").result().await.unwrap_err();
    left.close().unwrap();
    assert!(server.requests().is_empty(), "another provider's address is not its own");

    let back = Conversation::resume(first.id(), compatible("openai/gpt-4o")).unwrap();
    back.close().unwrap();
    let same = Conversation::resume(first.id(), other(None, None)).unwrap();
    same.message("Hello?").result().await.unwrap_err();
    assert_eq!(server.requests().len(), 1, "the address is as it was");
    assert_eq!(server.requests()[0].json()["model"], "gpt-4o");
}

#[tokio::test]
async fn own_tools_that_are_given_again_join_those_that_are_built_in() {
    let here = place([Reply::text("Fine.")]);
    let own = || Tool::new("own", "", json!({"type": "object"}), |_, _| async { Ok(json!(1)) });
    let tools = vec!["read".into(), own().unwrap().into()];
    let first = Conversation::create(ConversationOptions { tools, ..here.options() }).unwrap();
    first.close().unwrap();
    let tools = vec![own().unwrap().into()];
    let again =
        Conversation::resume(first.id(), ConversationOptions { tools, ..here.options() }).unwrap();
    again.message("Go.").text().await.unwrap();
    let mut offered: Vec<String> = here.asked().tools.into_iter().map(|t| t.name).collect();
    offered.sort();
    assert_eq!(offered, ["own", "read"]);
}

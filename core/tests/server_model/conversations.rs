//! Conversations with the scripted model in both forms.

use std::sync::Arc;

use opencode_sessions::SessionStorage;
use opencode_sessions::conversation::{
    Approve, Chunk, Conversation, ConversationOptions, ProviderChoice,
};

use super::{model, providers};

#[tokio::test]
async fn a_turn_calls_a_tool_and_the_next_one_knows_of_it() {
    for provider in providers(model().await) {
        let dir = tempfile::tempdir().unwrap();
        let name = provider.name().to_owned();
        let conversation = Conversation::create(ConversationOptions {
            model: Some("m1".to_owned()),
            provider: Some(ProviderChoice::Own(Arc::clone(&provider))),
            storage: Some(SessionStorage::new(dir.path().join("store")).unwrap()),
            working_dir: Some(dir.path().to_owned()),
            tools: ["read", "write", "bash"].map(Into::into).into(),
            approve: Some(Approve::new(|_| async { true })),
            ..ConversationOptions::default()
        })
        .unwrap();
        let mut stream = conversation.message("write a file");
        let (mut text, mut tools) = (String::new(), Vec::new());
        while let Some(chunk) = stream.next().await {
            match chunk.unwrap() {
                Chunk::Text { content } => text.push_str(&content),
                Chunk::ToolResult { tool, error, .. } => tools.push((tool, error)),
                _ => {}
            }
        }
        assert_eq!(text, "Written.", "{name}");
        assert_eq!(tools, [("bash".to_owned(), None)], "{name}");
        assert!(dir.path().join("written.txt").exists(), "{name}");
        let answer = conversation.message("think about it").result().await.unwrap();
        assert_eq!(answer.text(), "Forty-two.", "{name}");
        assert!(!answer.message.reasoning.as_ref().unwrap()[0].text.is_empty(), "{name}");
        // The scripted model counts in one of its forms only.
        assert_eq!(answer.usage.prompt_tokens > 0, name == "openai", "{:?}", answer.usage);
        assert_eq!(conversation.session().unwrap().messages.len(), 6);
        // What was thought goes along, as its provider wants it.
        assert_eq!(conversation.message("hello").text().await.unwrap(), "Hi there!", "{name}");
    }
}

#[tokio::test]
async fn two_calls_of_one_answer_both_have_their_results() {
    for provider in providers(model().await) {
        let dir = tempfile::tempdir().unwrap();
        let conversation = Conversation::create(ConversationOptions {
            model: Some("m1".to_owned()),
            provider: Some(ProviderChoice::Own(provider)),
            storage: Some(SessionStorage::new(dir.path().join("store")).unwrap()),
            working_dir: Some(dir.path().to_owned()),
            tools: vec!["bash".into()],
            approve: Some(Approve::new(|_| async { true })),
            ..ConversationOptions::default()
        })
        .unwrap();
        assert_eq!(conversation.message("use two tools").text().await.unwrap(), "Both done.");
        let session = conversation.session().unwrap();
        assert_eq!(session.tool_history.len(), 2);
        assert!(session.tool_history.iter().all(|tool| tool.success));
    }
}

#[tokio::test]
async fn a_refusal_ends_the_turn_with_its_code_and_the_next_one_is_as_ever() {
    for (words, code) in [("be refused", "PROVIDER_ERROR"), ("be locked out", "PROVIDER_AUTH")] {
        for provider in providers(model().await) {
            let dir = tempfile::tempdir().unwrap();
            let conversation = Conversation::create(ConversationOptions {
                model: Some("m1".to_owned()),
                provider: Some(ProviderChoice::Own(provider)),
                storage: Some(SessionStorage::new(dir.path().join("store")).unwrap()),
                ..ConversationOptions::default()
            })
            .unwrap();
            let error = conversation.message(words).result().await.unwrap_err();
            assert_eq!(error.code().as_str(), code, "{error:?}");
            let asked = conversation.get_messages(None, None).unwrap().remove(0);
            conversation.delete_message(&asked.id).unwrap();
            assert_eq!(conversation.message("hello").text().await.unwrap(), "Hi there!");
        }
    }
}

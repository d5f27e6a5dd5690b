//! A turn that goes well.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use opencode_sessions::conversation::{
    Chunk, Conversation, ConversationEvent, ConversationEventKind, ConversationOptions, Prices,
    ProviderChoice,
};
use opencode_sessions::provider::{
    ModelProvider, ProviderEvent, ProviderRequest, ProviderStream, Reply,
};
use opencode_sessions::{Role, TokenUse};

use crate::place::{all, kinds, place, said};

fn used(prompt_tokens: u64, completion_tokens: u64) -> TokenUse {
    TokenUse { prompt_tokens, completion_tokens, ..TokenUse::default() }
}

#[tokio::test]
async fn an_answer_comes_in_pieces_and_is_kept_as_a_message() {
    let here = place([Reply::default()
        .and_reasoning("Let me see.")
        .and_text("Hello, dear world!")
        .and_usage(used(10, 4))]);
    let conversation = here.conversation();
    let (chunks, error) = all(conversation.message("Hi.")).await;
    assert!(error.is_none());
    assert_eq!(kinds(&chunks), ["reasoning", "text", "usage", "end"]);
    let Some(Chunk::End { summary }) = chunks.last() else { panic!("{chunks:?}") };
    assert_eq!((summary.tokens, summary.finish.as_str(), summary.turns), (14, "stop", 1));

    let session = here.storage.load(conversation.id()).unwrap();
    assert_eq!(session.messages[1].content, "Hello, dear world!");
    assert_eq!(session.messages[1].reasoning.as_ref().unwrap()[0].text, "Let me see.");
    assert_eq!(session.messages[1].interrupted, None);
    assert_eq!(session.messages[1].finish.as_deref(), Some("stop"));
    assert_eq!((session.total_prompt_tokens, session.total_completion_tokens), (10, 4));
    assert_eq!(session.status.as_deref(), Some("idle"));
    assert_eq!(session.title, "Hi.");
}

#[tokio::test]
async fn a_stream_is_read_awaited_and_read_again_in_any_mix() {
    let here = place([Reply::text("one two three")]);
    let conversation = here.conversation();
    let mut stream = conversation.message("Count.");
    assert_eq!(stream.text().await.unwrap(), "one two three");
    assert_eq!(stream.result().await.unwrap().message.content, "one two three");
    let Some(Ok(Chunk::Text { content })) = stream.next().await else { panic!() };
    assert_eq!(content, "one two three", "who comes late gets it at once");
    let again = stream.reader();
    let Some(Ok(Chunk::Text { content })) = again.next().await else { panic!() };
    assert_eq!(content, "one two three");
}

#[tokio::test]
async fn a_turn_goes_on_when_its_stream_is_forgotten() {
    let here = place([Reply::text("Done."), Reply::text("Again.")]);
    let conversation = here.conversation();
    drop(conversation.message("Do it."));
    conversation.message("And again.").text().await.unwrap();
    assert_eq!(
        said(&conversation),
        [
            (Role::User, "Do it.".to_owned()),
            (Role::Assistant, "Done.".to_owned()),
            (Role::User, "And again.".to_owned()),
            (Role::Assistant, "Again.".to_owned()),
        ]
    );
}

#[tokio::test]
async fn messages_wait_their_turn_in_the_order_in_which_they_were_said() {
    let here = place((0..20).map(|n| Reply::text(&format!("answer {n}"))));
    let conversation = here.conversation();
    let streams: Vec<_> = (0..20).map(|n| conversation.message(format!("question {n}"))).collect();
    for (n, stream) in streams.iter().enumerate() {
        assert_eq!(stream.text().await.unwrap(), format!("answer {n}"));
    }
    let said = said(&conversation);
    for (n, pair) in said.chunks(2).enumerate() {
        assert_eq!(pair[0].1, format!("question {n}"));
        assert_eq!(pair[1].1, format!("answer {n}"));
    }
}

#[tokio::test]
async fn the_model_is_told_everything_that_was_said_and_how_to_answer() {
    let here = place([Reply::text("First."), Reply::text("Second.")]);
    let conversation = Conversation::create(ConversationOptions {
        system_prompt: Some("Be brief.".to_owned()),
        max_tokens: Some(100),
        stop_sequences: vec!["END".to_owned()],
        ..here.options()
    })
    .unwrap();
    conversation.message("One?").text().await.unwrap();
    conversation.message("Two?").text().await.unwrap();
    let asked = here.asked();
    let told: Vec<&str> = asked.messages.iter().map(|m| m.content.as_str()).collect();
    assert_eq!(told, ["One?", "First.", "Two?"]);
    assert_eq!(asked.system.as_deref(), Some("Be brief."));
    assert_eq!((asked.temperature, asked.max_tokens), (Some(0.7), Some(100)));
    assert_eq!(asked.stop_sequences, ["END"]);
}

#[tokio::test]
async fn those_who_listen_hear_what_happens() {
    let here = place([Reply::text("Hello.").and_usage(used(1_000_000, 2_000_000))]);
    let prices = Some(Prices { input: 3.0, output: 15.0, ..Prices::default() });
    let conversation =
        Conversation::create(ConversationOptions { prices, ..here.options() }).unwrap();
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    for kind in ["message", "token_usage", "save"] {
        let heard = Arc::clone(&heard);
        conversation.on(ConversationEventKind::parse(kind).unwrap(), move |event| {
            heard.lock().unwrap().push(match event {
                ConversationEvent::Message(message) => format!("{}", message.role),
                ConversationEvent::TokenUsage { request, total } => {
                    format!("{total} tokens, {}", request.cost)
                }
                ConversationEvent::Save => "saved".to_owned(),
                other => panic!("{other:?}"),
            });
        });
    }
    conversation.on(ConversationEventKind::Message, |_| panic!("a listener's own problem"));
    let answer = conversation.message("Hi.").result().await.unwrap();
    conversation.save().unwrap();
    assert_eq!(answer.summary.cost, 33.0);
    let heard = std::mem::take(&mut *heard.lock().unwrap());
    assert_eq!(heard, ["user", "3000000 tokens, 33", "assistant", "saved"]);
    assert!(ConversationEventKind::parse("nope").is_err());
}

#[tokio::test]
async fn nothing_to_say_is_refused_and_nothing_is_kept_of_it() {
    let here = place([]);
    let conversation = here.conversation();
    let error = conversation.message("").result().await.unwrap_err();
    assert_eq!(error.code().as_str(), "INVALID_ARGUMENT");
    assert_eq!(error.session_id(), Some(conversation.id()));
    assert!(said(&conversation).is_empty());
}

#[tokio::test]
async fn text_is_on_the_disk_when_a_call_or_a_thought_follows_it() {
    let begun = || {
        let events = [ProviderEvent::Text("I look.".to_owned()), ProviderEvent::CallBegun];
        futures_util::stream::iter(events.map(Ok)).chain(futures_util::stream::pending()).boxed()
    };
    let here = place([]);
    let provider = Some(ProviderChoice::Own(Arc::new(Says(begun))));
    let conversation =
        Conversation::create(ConversationOptions { provider, ..here.options() }).unwrap();
    let stream = conversation.message("Look.");
    let stored = async {
        while here.storage.load(conversation.id()).unwrap().messages.len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), stored).await.unwrap();
    let kept = here.storage.load(conversation.id()).unwrap().messages[1].clone();
    assert_eq!((kept.content.as_str(), kept.interrupted), ("I look.", Some(true)));
    stream.end();
    stream.result().await.unwrap_err();
}

/// A model that says this each time.
struct Says<F>(F);

impl<F> std::fmt::Debug for Says<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Says")
    }
}

impl<F: Fn() -> ProviderStream + Send + Sync> ModelProvider for Says<F> {
    fn name(&self) -> &str {
        "says"
    }

    fn stream(&self, _: ProviderRequest) -> ProviderStream {
        (self.0)()
    }
}

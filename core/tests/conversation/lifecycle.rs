//! The life of a turn and of its conversation, by the same names in every language.

use std::sync::Barrier;

use opencode_sessions::SessionStorage;
use opencode_sessions::conversation::{
    Chunk, Conversation, ConversationEvent, ConversationEventKind, ConversationOptions,
};
use opencode_sessions::provider::Reply;

use crate::place::{all, place};
use crate::support::{player, plays, told};

const TALE: &str = "Once upon a time";

/// A tale that never ends, and an answer to what is said then.
fn tale() -> [Reply; 2] {
    [Reply::text(TALE).and_silence(), Reply::text("Here I am.")]
}

#[tokio::test]
async fn cancel_in_mid_stream() {
    let here = place(tale());
    let conversation = here.conversation();
    let mut stream = conversation.message("A story!");
    let mut read = String::new();
    let error = loop {
        match stream.next().await.unwrap() {
            Ok(Chunk::Text { content }) => read.push_str(&content),
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
        if read == TALE {
            stream.end();
        }
    };
    assert_eq!(error.code().as_str(), "CANCELLED");
    assert_eq!(error.session_id(), Some(conversation.id()));
    let kept = conversation.session().unwrap().messages.pop().unwrap();
    assert_eq!((kept.content.as_str(), kept.interrupted), (TALE, Some(true)));
    assert_eq!(conversation.message("Are you there?").text().await.unwrap(), "Here I am.");
}

#[tokio::test]
async fn end_while_pending() {
    let here = place([Reply::default().and_silence()]);
    let conversation = here.conversation();
    let stream = conversation.message("Hi.");
    let reader = stream.reader();
    let ends = async { stream.end() };
    // In this order each is polled first: both wait when the turn is ended.
    let (next, result, ()) = tokio::join!(biased; reader.next(), stream.result(), ends);
    for error in [next.unwrap().unwrap_err(), result.unwrap_err()] {
        assert_eq!(error.code().as_str(), "CANCELLED");
        assert_eq!(error.session_id(), Some(conversation.id()));
    }
    assert!(reader.is_over());
}

#[tokio::test]
async fn drop_without_end() {
    let here = place([Reply::text("Hello!")]);
    let conversation = here.conversation();
    let (tell, mut heard) = tokio::sync::mpsc::unbounded_channel();
    conversation.on(ConversationEventKind::Message, move |event| {
        if let ConversationEvent::Message(message) = event {
            tell.send(message.content.clone()).unwrap();
        }
    });
    drop(conversation.message("Hi."));
    assert_eq!(heard.recv().await.unwrap(), "Hi.");
    assert_eq!(heard.recv().await.unwrap(), "Hello!");
}

/// A stream is only lent to a loop: whoever leaves it reads on later, or ends the turn.
#[tokio::test]
async fn break_out_of_the_loop() {
    let here = place(tale());
    let conversation = here.conversation();
    let mut stream = conversation.message("A story!");
    let mut read = String::new();
    while let Some(chunk) = stream.next().await {
        if let Ok(Chunk::Text { content }) = chunk {
            read.push_str(&content);
            break;
        }
    }
    assert!(!stream.reader().is_over());
    while read != TALE {
        let Some(Ok(Chunk::Text { content })) = stream.next().await else { panic!("{read}") };
        read.push_str(&content);
    }
    stream.end();
    assert_eq!(stream.text().await.unwrap_err().code().as_str(), "CANCELLED");
    assert_eq!(conversation.message("Are you there?").text().await.unwrap(), "Here I am.");
}

#[tokio::test]
async fn use_after_end() {
    let here = place([Reply::text("Hello!")]);
    let conversation = here.conversation();
    let mut stream = conversation.message("Hi.");
    stream.result().await.unwrap();
    stream.end();
    assert_eq!(stream.text().await.unwrap(), "Hello!");
    while stream.next().await.is_some() {}
    assert!(stream.next().await.is_none());

    for _ in 0..2 {
        conversation.close().unwrap();
        conversation.closed().await.unwrap();
    }
    let (chunks, error) = all(stream).await;
    assert!(chunks.is_empty() && error.is_none());
    let refused = conversation.message("Hi?").text().await.unwrap_err();
    assert_eq!(refused.code().as_str(), "INVALID_ARGUMENT");
}

#[tokio::test]
async fn a_callback_that_throws() {
    let here = place([Reply::text("Hello, you!")]);
    let conversation = here.conversation();
    conversation.on(ConversationEventKind::Message, |_| panic!("not this one"));
    let (tell, mut heard) = tokio::sync::mpsc::unbounded_channel();
    conversation.on(ConversationEventKind::Message, move |_| tell.send(()).unwrap());
    assert_eq!(conversation.message("Hi.").text().await.unwrap(), "Hello, you!");
    assert!(heard.recv().await.is_some(), "those behind it hear it all the same");
}

#[test]
fn fifty_concurrent_callers() {
    let here = place((0..50).map(|n| Reply::text(&format!("answer {n}"))));
    let conversation = here.conversation();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let together = Barrier::new(50);
    let call = |n: usize| {
        together.wait();
        let question = format!("question {n}");
        let answer =
            runtime.block_on(async { conversation.message(question.as_str()).text().await });
        (question, answer.unwrap())
    };
    let call = &call;
    let mut heard: Vec<(String, String)> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..50).map(|n| scope.spawn(move || call(n))).collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    let said = conversation.session().unwrap().messages;
    let mut kept: Vec<(String, String)> =
        said.chunks(2).map(|pair| (pair[0].content.clone(), pair[1].content.clone())).collect();
    for (n, (_, answer)) in kept.iter().enumerate() {
        assert_eq!(*answer, format!("answer {n}"));
    }
    // Whoever came first, each has the answer to its own question.
    heard.sort();
    kept.sort();
    assert_eq!(heard, kept);
}

/// Goes away in the middle of a turn.
#[tokio::test]
#[ignore = "a role of the test below"]
async fn role_exits() {
    if !plays("lifecycle::role_exits") {
        return;
    }
    let here = place(tale());
    let conversation = Conversation::create(ConversationOptions {
        storage: Some(SessionStorage::new(told("STORE")).unwrap()),
        session_id: Some("mine".to_owned()),
        ..here.options()
    })
    .unwrap();
    let mut stream = conversation.message("A story!");
    stream.next().await.unwrap().unwrap();
    std::process::exit(3);
}

#[tokio::test]
async fn process_exit_with_an_open_stream() {
    let here = place([Reply::text("Here I am.")]);
    let mut child =
        player("lifecycle::role_exits").env("STORE", here.storage.path()).spawn().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    let conversation = Conversation::resume("mine", here.options()).unwrap();
    let session = conversation.session().unwrap();
    assert_eq!(session.status.as_deref(), Some("idle"));
    assert_eq!(session.messages[0].content, "A story!");
    assert_eq!(conversation.message("Are you there?").text().await.unwrap(), "Here I am.");
}

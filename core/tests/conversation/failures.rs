//! Turns that fail: what is tried again, what is kept, who is told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use opencode_sessions::conversation::{
    Conversation, ConversationEvent, ConversationEventKind, ConversationOptions, ProviderChoice,
};
use opencode_sessions::provider::{
    ModelProvider, ProviderEvent, ProviderRequest, ProviderStream, Reply,
};
use opencode_sessions::{ErrorCode, OpencodeError, Role, SessionMessage};
use serde_json::json;

use crate::place::{all, place};

fn overloaded(retry_after: u64) -> OpencodeError {
    OpencodeError::model_failure(ErrorCode::RateLimit, "too many requests")
        .retryable_after(Duration::from_millis(retry_after))
}

#[tokio::test]
async fn a_request_without_an_answer_is_sent_again() {
    let here = place([
        Reply::error(overloaded(1)),
        Reply::error(overloaded(1)),
        Reply::text("Here I am."),
    ]);
    let conversation = here.conversation();
    assert_eq!(conversation.message("Hello?").text().await.unwrap(), "Here I am.");
    assert_eq!(here.model.asked().len(), 3);
    assert_eq!(conversation.session().unwrap().messages.len(), 2);
}

#[tokio::test]
async fn a_request_that_fails_again_and_again_ends_the_turn() {
    let here = place((0..9).map(|_| Reply::error(overloaded(1))).chain([Reply::text("x")]));
    let conversation = here.conversation();
    let error = conversation.message("Hello?").result().await.unwrap_err();
    assert_eq!(error.code().as_str(), "RATE_LIMIT");
    assert_eq!(error.session_id(), Some(conversation.id()));
    assert_eq!(here.model.asked().len(), 4);
    assert_eq!(conversation.state().unwrap().status, "error");
}

#[tokio::test]
async fn after_the_first_content_nothing_is_sent_again_and_what_came_is_kept() {
    let here =
        place([Reply::text("Once upon a time").and_error(overloaded(1)), Reply::text("Gladly.")]);
    let conversation = here.conversation();
    let (chunks, error) = all(conversation.message("A story!")).await;
    assert_eq!(chunks.len(), 1, "{chunks:?}");
    assert_eq!(error.unwrap().code().as_str(), "RATE_LIMIT");
    assert_eq!(here.model.asked().len(), 1);
    let session = here.storage.load(conversation.id()).unwrap();
    let kept = &session.messages[1];
    assert_eq!((kept.content.as_str(), kept.interrupted), ("Once upon a time", Some(true)));
    assert_eq!(kept.error.as_ref().unwrap()["code"], "RATE_LIMIT");
    assert_eq!(conversation.message("Go on.").text().await.unwrap(), "Gladly.");
}

#[tokio::test]
async fn an_answer_that_ends_without_an_end_is_interrupted() {
    let here = place([
        Reply::text("Half").and_call("read", json!({})).and_error(overloaded(1)),
        Reply::text("Whole."),
    ]);
    let conversation = here.conversation();
    assert!(conversation.message("Go.").result().await.is_err());
    let kept = here.storage.load(conversation.id()).unwrap().messages;
    assert_eq!((kept[1].content.as_str(), kept[1].interrupted), ("Half", Some(true)));
    assert_eq!((kept.len(), kept[1].tool_calls.as_ref()), (2, None), "it never came to the call");
    conversation.message("Again.").text().await.unwrap();
    // A script that is over says nothing at all.
    let error = conversation.message("More.").result().await.unwrap_err();
    assert_eq!(error.code().as_str(), "PROVIDER_ERROR");
}

#[tokio::test]
async fn a_failure_that_nobody_reads_goes_to_those_who_listen() {
    let here = place([
        Reply::error(OpencodeError::model_failure(ErrorCode::ProviderAuth, "wrong key")),
        Reply::error(OpencodeError::model_failure(ErrorCode::ProviderAuth, "wrong key")),
        Reply::text("x"),
    ]);
    let conversation = here.conversation();
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let keep = Arc::clone(&heard);
    conversation.on(ConversationEventKind::Error, move |event| {
        if let ConversationEvent::Error(error) = event {
            keep.lock().unwrap().push(error.code().as_str().to_owned());
        }
    });
    drop(conversation.message("Hi."));
    let read = conversation.message("Hi?").result().await;
    assert_eq!(read.unwrap_err().code().as_str(), "PROVIDER_AUTH");
    assert_eq!(*heard.lock().unwrap(), ["PROVIDER_AUTH"], "the one that nobody read");
}

#[tokio::test]
async fn an_empty_answer_is_an_answer() {
    let here = place([Reply::default(), Reply::text("Now.")]);
    let conversation = here.conversation();
    assert_eq!(conversation.message("Hi.").text().await.unwrap(), "");
    assert_eq!(conversation.message("Hi?").text().await.unwrap(), "Now.");
    let sent: Vec<String> = here.asked().messages.iter().map(|m| m.content.clone()).collect();
    assert_eq!(sent, ["Hi.", "Hi?"], "nothing that services refuse");
    assert_eq!(conversation.session().unwrap().messages.len(), 4);
}

#[tokio::test]
async fn one_who_only_looks_on_does_not_keep_a_failure_from_those_who_listen() {
    let refused = || {
        let error = OpencodeError::model_failure(ErrorCode::ProviderAuth, "wrong key");
        Reply::error(error)
    };
    let here = place([refused(), refused()]);
    let conversation = here.conversation();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    conversation.on(ConversationEventKind::Error, move |_| tell.send(()).unwrap());

    let onlooker = conversation.message("Hello?").reader().quiet();
    onlooker.next().await.unwrap().unwrap_err();
    told.recv().await.unwrap();

    let onlooker = conversation.message("Hello?").reader().quiet();
    onlooker.hear();
    onlooker.again().result().await.unwrap_err();
    tokio::task::yield_now().await;
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn what_only_a_user_says_is_said_by_nobody_else() {
    let here = place([]);
    let conversation = here.conversation();
    let odd = SessionMessage::new(Role::Assistant, "I am a model.");
    let error = conversation.send(odd).result().await.unwrap_err();
    assert_eq!(error.code().as_str(), "INVALID_ARGUMENT");
    assert!(conversation.session().unwrap().messages.is_empty());
}

/// A provider with an error in its program.
#[derive(Debug)]
struct Broken;

impl ModelProvider for Broken {
    fn name(&self) -> &str {
        "broken"
    }

    fn stream(&self, _: ProviderRequest) -> ProviderStream {
        panic!("an error in the program")
    }
}

#[tokio::test]
async fn a_provider_that_panics_ends_its_turn_with_an_error_and_the_session_goes_on() {
    let here = place([Reply::text("Fine.")]);
    let broken = Some(ProviderChoice::Own(Arc::new(Broken)));
    let options = ConversationOptions { provider: broken, ..here.options() };
    let conversation = Conversation::create(options).unwrap();
    let error = conversation.message("Hello?").result().await.unwrap_err();
    assert_eq!(error.code().as_str(), "PROVIDER_ERROR");
    assert_eq!(conversation.state().unwrap().status, "error");
    conversation.close().unwrap();
    conversation.closed().await.unwrap();
    let again = Conversation::resume(conversation.id(), here.options()).unwrap();
    assert_eq!(again.message("Hello?").text().await.unwrap(), "Fine.");
}

/// Refuses the first write that has this text in it.
#[cfg(feature = "failpoints")]
#[derive(Debug)]
struct FullAt(&'static [u8], std::sync::atomic::AtomicBool);

#[cfg(feature = "failpoints")]
impl opencode_sessions::store::fault::Injector for FullAt {
    fn judge(
        &self,
        op: &opencode_sessions::store::fault::Op<'_>,
    ) -> opencode_sessions::store::fault::Verdict {
        use opencode_sessions::store::fault::{Op, Verdict};
        match op {
            Op::Write(_, bytes)
                if bytes.windows(self.0.len()).any(|at| at == self.0)
                    && !self.1.swap(true, std::sync::atomic::Ordering::SeqCst) =>
            {
                Verdict::Fail(rustix::io::Errno::NOSPC.into())
            }
            _ => Verdict::Do,
        }
    }
}

#[cfg(feature = "failpoints")]
#[tokio::test]
async fn a_disk_that_is_full_in_mid_answer_is_told_as_such_and_what_came_is_stored_when_it_can_be()
{
    let here = place([Reply::call("look", json!({"at": "needle"})), Reply::text("Fine.")]);
    let full = Arc::new(FullAt(b"needle", false.into()));
    let _installed = opencode_sessions::store::fault::install(here.dir.path(), full);
    let conversation = here.conversation();
    let error = conversation.message("Look.").result().await.unwrap_err();
    assert_eq!(error.code().as_str(), "STORAGE");
    let kept = conversation.session().unwrap();
    assert_eq!(kept.messages[1].interrupted, Some(true));
    assert_eq!(kept.messages[1].tool_calls.as_ref().unwrap().len(), 1);
    assert_eq!(conversation.message("Again.").text().await.unwrap(), "Fine.");
}

/// Breaks off in the middle of a call.
#[derive(Debug, Default)]
struct Calling(std::sync::atomic::AtomicUsize);

impl ModelProvider for Calling {
    fn name(&self) -> &str {
        "calling"
    }

    fn stream(&self, _: ProviderRequest) -> ProviderStream {
        self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        futures_util::stream::iter([Ok(ProviderEvent::CallBegun), Err(overloaded(1))]).boxed()
    }
}

#[tokio::test]
async fn a_call_that_broke_off_is_not_asked_for_again() {
    let here = place([Reply::text("Fine.")]);
    let calling = Arc::new(Calling::default());
    let provider = Some(ProviderChoice::Own(calling.clone()));
    let conversation =
        Conversation::create(ConversationOptions { provider, ..here.options() }).unwrap();
    let error = conversation.message("Look.").result().await.unwrap_err();
    assert_eq!(error.code().as_str(), "RATE_LIMIT");
    assert_eq!(calling.0.load(std::sync::atomic::Ordering::SeqCst), 1);
    assert_eq!(conversation.session().unwrap().messages.len(), 1);
}

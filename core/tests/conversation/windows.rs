//! Conversations that are longer than their context window.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use opencode_sessions::conversation::tools::Tool;
use opencode_sessions::conversation::window::{Keep, PruneStrategy, Tokens};
use opencode_sessions::conversation::{Conversation, ConversationOptions, ProviderChoice};
use opencode_sessions::provider::{
    Finish, ModelProvider, ProviderEvent, ProviderRequest, ProviderStream, Reply, Scripted,
    ToolCall,
};
use opencode_sessions::{ErrorCode, OpencodeError, Role, TokenUse};
use serde_json::json;

use crate::place::{Place, place};

fn small(here: &Place, strategy: PruneStrategy) -> ConversationOptions {
    let look = Tool::new("look", "Looks.", json!({"type": "object"}), |_, _| async {
        Ok(json!("word ".repeat(100)))
    });
    ConversationOptions {
        context_window: Some(4_000),
        max_tokens: Some(500),
        prune_strategy: Some(strategy),
        tools: vec![look.unwrap().into()],
        ..here.options()
    }
}

/// Looks once in each turn, and summarises when it is asked to.
#[derive(Debug, Default)]
struct Looks(Mutex<Vec<ProviderRequest>>);

impl ModelProvider for Looks {
    fn name(&self) -> &str {
        "looks"
    }

    fn stream(&self, request: ProviderRequest) -> ProviderStream {
        let last = request.messages.last().unwrap();
        let is_turn = !request.tools.is_empty();
        let (name, id) = ("look".to_owned(), format!("call_{}", last.id));
        let arguments = "{}".to_owned();
        let said = match is_turn && last.role == Role::User {
            true => {
                ProviderEvent::ToolCall(ToolCall { id, name, arguments, ..ToolCall::default() })
            }
            false => ProviderEvent::Text("Seen. ".repeat(20)),
        };
        let used = TokenUse { completion_tokens: 1, cost: 0.5, ..TokenUse::default() };
        self.0.lock().unwrap().push(request);
        let pieces = [said, ProviderEvent::Usage(used), ProviderEvent::Finish(Finish::Stop)];
        futures_util::stream::iter(pieces.map(Ok)).boxed()
    }
}

/// Begins with the user, has each result right behind its call, and leaves room for the answer.
fn assert_sound(asked: &ProviderRequest, room: u64) {
    let messages = &asked.messages;
    assert_eq!(messages[0].role, Role::User);
    for block in messages.chunk_by(|_, next| next.role == Role::Tool) {
        let calls = block[0].tool_calls.iter().flatten().map(|call| call["id"].as_str());
        let answered = block[1..].iter().map(|result| result.tool_call_id.as_deref());
        assert!(block[0].role != Role::Tool && calls.eq(answered), "{block:?}");
    }
    let mut tokens = Tokens::new();
    let mut taken = tokens.text(asked.system.as_deref().unwrap());
    taken += messages.iter().map(|message| tokens.message(message) + 4).sum::<u64>();
    assert!(taken <= room, "{taken}");
}

#[tokio::test]
async fn two_hundred_turns_with_tools_fit_into_four_thousand_tokens_and_all_are_kept() {
    use PruneStrategy::{Hybrid, SlidingWindow, Summarize, ToolResults};
    for strategy in [SlidingWindow, ToolResults, Summarize, Hybrid] {
        let here = place([]);
        let model = Arc::new(Looks::default());
        let provider = Some(ProviderChoice::Own(model.clone()));
        let options = ConversationOptions { provider, ..small(&here, strategy) };
        let conversation = Conversation::create(options).unwrap();
        for n in 0..200 {
            conversation.message(format!("Look, turn {n}.")).text().await.unwrap();
        }
        let session = here.storage.load(conversation.id()).unwrap();
        assert_eq!(session.messages.len(), 800, "{strategy}");
        assert_eq!(session.messages[796].content, "Look, turn 199.");
        let asked = model.0.lock().unwrap();
        let (turns, summaries): (Vec<_>, Vec<_>) =
            asked.iter().partition(|asked| !asked.tools.is_empty());
        turns.iter().for_each(|asked| assert_sound(asked, 3_500));
        assert!(turns.iter().any(|asked| asked.messages.len() > 12), "no more goes than has to");
        assert_eq!(turns.len(), 400);
        assert_eq!(!summaries.is_empty(), matches!(strategy, Summarize | Hybrid), "{strategy}");
        assert_eq!(session.compactions.unwrap_or_default().len(), summaries.len());
        // Summaries are paid, too.
        assert_eq!(session.usage.unwrap().cost, 0.5 * asked.len() as f64);
    }
}

#[tokio::test]
async fn what_is_too_old_is_summarised_and_the_summary_is_kept_and_sent() {
    // Every second request may be for a summary: the script answers both alike.
    let here = place((0..200).map(|_| Reply::text("In short: they looked.")));
    let conversation = Conversation::create(small(&here, PruneStrategy::Summarize)).unwrap();
    for n in 0..40 {
        let words = format!("Turn {n}: {}", "something else ".repeat(100));
        conversation.message(words).text().await.unwrap();
    }
    let session = here.storage.load(conversation.id()).unwrap();
    let compactions = session.compactions.unwrap();
    assert!(!compactions.is_empty());
    assert_eq!(compactions[0]["summary"], "In short: they looked.");
    assert_eq!(session.messages.len(), 80, "nothing that was said is gone");
    let sent = here.asked().messages;
    assert!(sent.iter().any(|message| message.content.contains("In short")), "{sent:?}");
}

#[tokio::test]
async fn what_cannot_fit_is_an_error_and_the_session_goes_on() {
    let here = place([Reply::text("Fine.")]);
    let conversation = Conversation::create(small(&here, PruneStrategy::SlidingWindow)).unwrap();
    let error = conversation.message("word ".repeat(10_000)).result().await.unwrap_err();
    assert_eq!(error.code().as_str(), "CONTEXT_LENGTH_EXCEEDED");
    assert!(here.model.asked().is_empty(), "nothing was sent");
    assert_eq!(conversation.clear_history(0).unwrap(), 1);
    assert_eq!(conversation.message("Shorter.").text().await.unwrap(), "Fine.");
}

#[tokio::test]
async fn pruning_by_hand_changes_what_is_sent_and_nothing_else() {
    let here = place((0..10).map(|n| Reply::text(&format!("a{n}"))));
    let conversation = here.conversation();
    for n in 0..6 {
        conversation.message(format!("q{n}")).text().await.unwrap();
    }
    let keep = Keep { last: 2, system: true, important: true };
    let dry = conversation.prune_context(keep, true).unwrap();
    assert_eq!(dry.left_out.len(), 10);
    conversation.message("q6").text().await.unwrap();
    assert_eq!(here.asked().messages.len(), 13, "a dry run does nothing");
    conversation.prune_context(keep, false).unwrap();
    conversation.message("q7").text().await.unwrap();
    assert_eq!(here.asked().messages.len(), 3);
    assert_eq!(conversation.session().unwrap().messages.len(), 16);

    let fork = conversation.fork(None, None, true).unwrap();
    fork.message("q8").text().await.unwrap();
    assert_eq!(here.asked().messages.len(), 5, "a fork leaves out the same");
    conversation.close().unwrap();
    let again = Conversation::resume(conversation.id(), here.options()).unwrap();
    again.message("q9").text().await.unwrap();
    assert_eq!(here.asked().messages.len(), 5, "and so it does when it is resumed");
}

/// A model whose tokens are its own.
#[derive(Debug)]
struct Counting(Arc<Scripted>);

impl ModelProvider for Counting {
    fn name(&self) -> &str {
        "counting"
    }

    fn stream(&self, request: ProviderRequest) -> ProviderStream {
        self.0.stream(request)
    }

    fn count_tokens(&self, model: &str, text: &str) -> Option<u64> {
        assert_eq!(model, "m1");
        text.contains("heavy").then_some(1_000)
    }
}

#[tokio::test]
async fn a_provider_that_counts_is_believed() {
    let here = place([Reply::text("Light."), Reply::text("Heavier.")]);
    let provider = ProviderChoice::Own(Arc::new(Counting(here.model.clone())));
    let options = ConversationOptions { provider: Some(provider), ..here.options() };
    let conversation = Conversation::create(options).unwrap();
    conversation.message("light").text().await.unwrap();
    let before = conversation.get_context_usage().unwrap().current;
    conversation.message("heavy").text().await.unwrap();
    let after = conversation.get_context_usage().unwrap().current;
    assert!((1_000..1_030).contains(&(after - before)), "{before} {after}");
}

#[tokio::test]
async fn a_summary_that_is_refused_for_a_moment_is_asked_for_again() {
    let later = OpencodeError::model_failure(ErrorCode::RateLimit, "too many requests")
        .retryable_after(Duration::from_millis(1));
    let words = |n| format!("Turn {n}: {}", "something else ".repeat(400));
    let script = ["a0", "a1", "a2"].map(Reply::text).into_iter();
    let script =
        script.chain([Reply::error(later), Reply::text("They talked."), Reply::text("a3")]);
    let here = place(script);
    let summary_model = Some("scripted/small".to_owned());
    let options = small(&here, PruneStrategy::Summarize);
    let conversation =
        Conversation::create(ConversationOptions { summary_model, ..options }).unwrap();
    for n in 0..4 {
        let text = conversation.message(words(n)).text().await.unwrap();
        assert_eq!(text, format!("a{n}"));
    }
    let session = conversation.session().unwrap();
    assert_eq!(session.compactions.unwrap()[0]["summary"], "They talked.");
    let asked: Vec<String> = here.model.asked().into_iter().map(|asked| asked.model).collect();
    assert_eq!(asked, ["m1", "m1", "m1", "small", "small", "m1"]);
}

#[tokio::test]
async fn what_a_model_thought_and_does_not_hear_again_takes_no_room() {
    let used = TokenUse {
        prompt_tokens: 700,
        completion_tokens: 20_100,
        reasoning: 20_000,
        ..TokenUse::default()
    };
    let here = place([Reply::text("First.").and_usage(used), Reply::text("Second.")]);
    let options = ConversationOptions { context_window: Some(16_000), ..here.options() };
    let conversation = Conversation::create(options).unwrap();
    conversation.message("1").text().await.unwrap();
    assert_eq!(conversation.message("2").text().await.unwrap(), "Second.");
    let sent: Vec<String> = here.asked().messages.iter().map(|m| m.content.clone()).collect();
    assert_eq!(sent, ["1", "First.", "2"]);
}

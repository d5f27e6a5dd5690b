//! Turns that call tools.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use opencode_sessions::conversation::tools::{Tool, ToolContext, ToolHandler, ToolOutcome};
use opencode_sessions::conversation::{
    Approve, Chunk, Conversation, ConversationOptions, ToolErrors, origin,
};
use opencode_sessions::provider::Reply;
use opencode_sessions::{Role, SessionMessage};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::place::{Place, all, kinds, place};

#[derive(Deserialize, JsonSchema)]
struct Sum {
    a: i64,
    b: i64,
}

fn adder() -> Tool {
    Tool::typed("add", "Adds two numbers.", |Sum { a, b }: Sum, _| async move {
        a.checked_add(b).map(|sum| json!(sum)).ok_or_else(|| "too large".to_owned())
    })
    .unwrap()
}

fn with(here: &Place, tools: impl IntoIterator<Item = Tool>) -> Conversation {
    let tools = tools.into_iter().map(Into::into).collect();
    Conversation::create(ConversationOptions { tools, ..here.options() }).unwrap()
}

/// A tool that takes anything.
fn tool<R>(name: &str, run: impl Fn(Value) -> R + Send + Sync + 'static) -> Tool
where
    R: Future<Output = ToolOutcome> + Send + 'static,
{
    Tool::new(name, "", json!({"type": "object"}), move |params, _| run(params)).unwrap()
}

fn results(chunks: &[Chunk]) -> Vec<(String, Value, Option<String>)> {
    chunks
        .iter()
        .filter_map(|chunk| match chunk {
            Chunk::ToolResult { tool, result, error, .. } => {
                Some((tool.clone(), result.clone(), error.clone()))
            }
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn a_called_tool_runs_and_the_model_answers_with_its_result() {
    let here = place([
        Reply::text("Let me add.").and_call("add", json!({"a": 2, "b": 3})),
        Reply::text("It is 5."),
    ]);
    let conversation = with(&here, [adder()]);
    let (chunks, error) = all(conversation.message("2 + 3?")).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(
        kinds(&chunks),
        ["text", "tool_call", "usage", "tool_result", "text", "usage", "end"]
    );
    assert_eq!(results(&chunks), [("add".to_owned(), json!(5), None)]);

    let asked = here.asked();
    let schema = &asked.tools[0].parameters;
    assert_eq!(schema["properties"]["a"]["type"], "integer");
    let told = asked.messages.last().unwrap();
    assert_eq!((told.role.as_str(), told.content.as_str()), ("tool", "5"));
    let session = here.storage.load(conversation.id()).unwrap();
    let calls: Vec<&str> = session.messages[1].call_ids().collect();
    assert_eq!(session.messages[2].tool_call_id.as_deref(), Some(calls[0]));
    assert_eq!(session.tool_history[0].arguments, json!({"a": 2, "b": 3}));
    assert_eq!(session.tool_history[0].result, json!(5));
}

#[tokio::test]
async fn what_a_model_does_wrong_with_tools_is_told_to_it() {
    let here = place([
        Reply::call("nope", json!({}))
            .and_call("add", json!("{\"a\": 1,"))
            .and_call("add", json!({"a": "one"}))
            .and_call("add", json!({"a": i64::MAX, "b": 1})),
        Reply::text("I see."),
    ]);
    let conversation = with(&here, [adder()]);
    let (chunks, error) = all(conversation.message("Try.")).await;
    assert!(error.is_none());
    let errors: Vec<String> = results(&chunks).into_iter().map(|(.., e)| e.unwrap()).collect();
    for part in ["there are: add", "no JSON", "wrong parameters for add", "too large"] {
        assert!(errors.iter().any(|error| error.contains(part)), "{part}: {errors:?}");
    }
    let session = conversation.session().unwrap();
    assert_eq!(session.tool_history.iter().filter(|tool| !tool.success).count(), 4);
}

#[tokio::test]
async fn tools_run_side_by_side_and_no_more_than_are_allowed() {
    for (parallel, together) in [(2, true), (1, false)] {
        let here = place([
            Reply::call("meet", json!({})).and_call("meet", json!({})),
            Reply::text("Done."),
        ]);
        let (barrier, running) = (Arc::new(Barrier::new(2)), Arc::new(AtomicUsize::new(0)));
        let meet = tool("meet", move |_| {
            let (barrier, running) = (Arc::clone(&barrier), Arc::clone(&running));
            async move {
                let beside = running.fetch_add(1, Ordering::SeqCst);
                if together {
                    barrier.wait().await;
                } else {
                    tokio::task::yield_now().await;
                }
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(json!(beside))
            }
        });
        let conversation = Conversation::create(ConversationOptions {
            tools: vec![meet.into()],
            parallel_tools: Some(parallel),
            ..here.options()
        })
        .unwrap();
        let (chunks, _) = all(conversation.message("Go.")).await;
        let most = results(&chunks).iter().map(|(_, n, _)| n.as_u64().unwrap()).max();
        assert_eq!(most, Some(u64::from(together)));
    }
}

#[tokio::test]
async fn a_tool_that_panics_or_takes_too_long_is_a_result() {
    let here = place([
        Reply::call("panics", json!({}))
            .and_call("hangs", json!({}))
            .and_call("panics_at_once", json!({})),
        Reply::text("Never mind."),
    ]);
    let conversation = Conversation::create(ConversationOptions {
        tools: vec![
            tool("panics", |_| async { panic!("on purpose") }).into(),
            tool("panics_at_once", |_| -> std::future::Ready<ToolOutcome> { panic!("at once") })
                .into(),
            tool("hangs", |_| std::future::pending()).into(),
        ],
        tool_timeout: Some(Duration::from_millis(50)),
        ..here.options()
    })
    .unwrap();
    let (chunks, error) = all(conversation.message("Go.")).await;
    assert!(error.is_none());
    let errors: Vec<String> = results(&chunks).into_iter().map(|(.., e)| e.unwrap()).collect();
    assert!(errors.iter().any(|error| error.contains("failed in itself")), "{errors:?}");
    assert!(errors.iter().any(|error| error.contains("took longer than 50ms")), "{errors:?}");
}

#[tokio::test]
async fn a_model_that_calls_for_ever_is_stopped() {
    let here = place((0..10).map(|n| Reply::call("add", json!({"a": n, "b": 1}))));
    let conversation = Conversation::create(ConversationOptions {
        tools: vec![adder().into()],
        max_turns: Some(3),
        ..here.options()
    })
    .unwrap();
    let answer = conversation.message("Go.").result().await.unwrap();
    assert_eq!((answer.summary.finish.as_str(), answer.summary.turns), ("max_turns", 3));
    assert_eq!(here.model.asked().len(), 3);
    let session = conversation.session().unwrap();
    assert_eq!(session.tool_history.len(), 3, "its last call has a result, too");
}

#[tokio::test]
async fn a_failing_tool_ends_the_turn_when_that_is_wanted_and_the_session_goes_on() {
    let here = place([Reply::call("add", json!({"a": i64::MAX, "b": 1})), Reply::text("Good.")]);
    let conversation = Conversation::create(ConversationOptions {
        tools: vec![adder().into()],
        tool_errors: Some(ToolErrors::Raise),
        ..here.options()
    })
    .unwrap();
    let error = conversation.message("Go.").result().await.unwrap_err();
    assert_eq!(error.code().as_str(), "TOOL_ERROR");
    assert!(error.to_string().contains("add") && error.to_string().contains("too large"));
    assert_eq!(conversation.state().unwrap().status, "error");
    assert_eq!(conversation.message("Go on.").text().await.unwrap(), "Good.");
    assert_eq!(conversation.state().unwrap().status, "idle");
}

/// Wants somebody to agree.
struct Careful;

impl ToolHandler for Careful {
    fn needs_approval(&self, params: &Value, _: &ToolContext) -> Option<String> {
        params["dangerous"].as_bool().filter(|is| *is).map(|_| "it is dangerous".to_owned())
    }

    fn run(
        &self,
        _: Value,
        _: ToolContext,
    ) -> futures_util::future::BoxFuture<'static, ToolOutcome> {
        Box::pin(async { Ok(json!("done")) })
    }
}

#[tokio::test]
async fn what_needs_agreement_runs_only_with_it() {
    let calls = || {
        Reply::call("careful", json!({"dangerous": true}))
            .and_call("careful", json!({"dangerous": false}))
    };
    let deciders: [Option<Approve>; 4] = [
        None,
        Some(Approve::new(|_| async { false })),
        Some(Approve::new(|_| async { panic!("no idea") })),
        Some(Approve::new(|request| async move {
            request.tool == "careful" && request.reason == "it is dangerous"
        })),
    ];
    for (n, approve) in deciders.into_iter().enumerate() {
        let here = place([calls(), Reply::text("Well.")]);
        let careful = Tool::new("careful", "", json!({"type": "object"}), Careful).unwrap();
        let conversation = Conversation::create(ConversationOptions {
            tools: vec![careful.into()],
            approve,
            ..here.options()
        })
        .unwrap();
        let (chunks, _) = all(conversation.message("Go.")).await;
        let ran = results(&chunks).iter().filter(|(.., error)| error.is_none()).count();
        assert_eq!(ran, if n == 3 { 2 } else { 1 }, "decider {n}: {chunks:?}");
    }
}

#[test]
fn a_tool_with_an_odd_name_or_no_schema_is_refused() {
    let anything = || json!({"type": "object"});
    let run = |_: Value, _: ToolContext| async { Ok(Value::Null) };
    assert!(Tool::new("", "", anything(), run).is_err());
    assert!(Tool::new("a b", "", anything(), run).is_err());
    assert!(Tool::new("a", "", json!({"type": "no such"}), run).is_err());
}

#[tokio::test]
async fn a_tool_registered_later_is_offered_from_then_on() {
    let here = place([Reply::text("None."), Reply::text("One.")]);
    let conversation = here.conversation();
    conversation.message("Tools?").text().await.unwrap();
    assert!(here.asked().tools.is_empty());
    conversation.register_tool(adder()).unwrap();
    conversation.message("And now?").text().await.unwrap();
    assert_eq!(here.asked().tools[0].name, "add");
    assert_eq!(conversation.state().unwrap().tools, ["add"]);
}

#[tokio::test]
async fn the_built_in_tools_work_in_the_directory_and_ask_before_they_change_it() {
    let approve = Approve::new(|request| async move { request.tool == "write" });
    let here = place([
        Reply::call("write", json!({"filePath": "a.txt", "content": "one\n"}))
            .and_call("bash", json!({"command": "rm a.txt"})),
        Reply::call("read", json!({"filePath": "a.txt"}))
            .and_call("read", json!({"filePath": "/etc/hostname"})),
        Reply::text("Written."),
    ]);
    let conversation = Conversation::create(ConversationOptions {
        tools: ["read", "write", "bash"].map(Into::into).into(),
        approve: Some(approve),
        ..here.options()
    })
    .unwrap();
    let (chunks, error) = all(conversation.message("Write it.")).await;
    assert!(error.is_none());
    assert_eq!(std::fs::read_to_string(here.dir.path().join("a.txt")).unwrap(), "one\n");
    let results = results(&chunks);
    let outcomes: Vec<(&str, bool)> =
        results.iter().map(|(tool, _, error)| (tool.as_str(), error.is_none())).collect();
    for wanted in [("write", true), ("bash", false), ("read", true), ("read", false)] {
        assert!(outcomes.contains(&wanted), "{results:?}");
    }
}

#[tokio::test]
async fn a_result_of_a_hundred_megabytes_is_cut_for_the_model() {
    let here = place([Reply::call("flood", json!({})), Reply::text("Much.")]);
    let flood = tool("flood", |_| async { Ok(json!("x".repeat(100 << 20))) });
    let conversation = with(&here, [flood]);
    let (chunks, _) = all(conversation.message("Go.")).await;
    let told = results(&chunks).remove(0).1;
    assert!(told.as_str().unwrap().chars().count() <= 30_000);
    assert!(here.asked().messages[2].content.len() <= 30_000);
}

#[tokio::test]
async fn what_is_nested_deeper_than_a_session_keeps_is_text_and_ends_no_turn() {
    let nested = |levels| (0..levels).fold(json!("deep"), |inner, _| json!({ "in": inner }));
    let here = place([
        Reply::call("dig", nested(96)).and_call("dig", nested(100)).and_call("dig", json!({})),
        Reply::text("Deep."),
    ]);
    let dig = move |params: Value| async move {
        Ok(if params == json!({}) { nested(100) } else { params })
    };
    let conversation = with(&here, [tool("dig", dig)]);
    let (chunks, error) = all(conversation.message("Dig")).await;
    assert!(error.is_none(), "{error:?}");
    let found = results(&chunks);
    for result in [nested(96), json!(nested(100).to_string())] {
        assert!(found.iter().any(|(_, told, _)| *told == result), "{found:?}");
    }
    let refused: Vec<_> = found.iter().filter_map(|(.., error)| error.as_ref()).collect();
    assert!(matches!(refused[..], [why] if why.contains("no JSON object")), "{found:?}");
    assert_eq!(here.storage.load(conversation.id()).unwrap().messages.len(), 6);
}

#[tokio::test]
async fn a_tool_and_who_approves_find_where_their_turn_was_begun() {
    let here = place([
        Reply::text("").and_call("write", json!({"filePath": "a.txt", "content": "hello"})),
        Reply::text("").and_call("look", json!({})),
        Reply::text("Done."),
        Reply::text("").and_call("look", json!({})),
        Reply::text("Done."),
    ]);
    fn begun() -> Option<&'static str> {
        origin().and_then(|origin| origin.downcast_ref::<&'static str>().copied())
    }
    let look = tool("look", |_| async { Ok(json!(begun())) });
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let approve = Approve::new(move |_| {
        noted.lock().unwrap().push(begun());
        async { true }
    });
    let conversation = Conversation::create(ConversationOptions {
        tools: vec!["write".into(), look.into()],
        approve: Some(approve),
        ..here.options()
    })
    .unwrap();
    let said = |text: &str| SessionMessage::new(Role::User, text);
    let alice = conversation.send_from(said("Go."), Arc::new("alice"));
    let nobody = conversation.message("And again.");
    let (of_alice, of_nobody) = (all(alice).await.0, all(nobody).await.0);
    assert_eq!(results(&of_alice)[1].1, json!("alice"));
    assert_eq!(results(&of_nobody)[0].1, Value::Null);
    assert_eq!(*seen.lock().unwrap(), [Some("alice")]);
    assert!(origin().is_none());
}

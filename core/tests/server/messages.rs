//! Messages: said, kept, listed, changed and taken away.

use futures_util::TryStreamExt;
use opencode_sessions::Role;
use opencode_sessions::types::message::Message;
use opencode_sessions::types::part::Part;
use opencode_sessions::types::request::{CommandRequest, PromptPart, PromptRequest, ShellRequest};
use opencode_sessions::types::tool::ToolState;
use serde_json::json;

use crate::place::{code, place, prompt};

fn texts(messages: &[Message]) -> Vec<String> {
    messages.iter().map(Message::text).collect()
}

#[tokio::test]
async fn all_messages_are_listed_or_page_by_page_or_as_a_stream() {
    let here = place("messages-many").await;
    let session = here.create().await;
    let words: Vec<_> = (0..250).map(|number| format!("number {number}")).collect();
    for words in &words {
        here.keep(&session, words).await;
    }
    let list = || here.client.messages().list(&session.id);

    assert_eq!(texts(&list().await.unwrap()), words);
    assert_eq!(texts(&list().limit(3).await.unwrap()), words[247..]);
    assert_eq!(list().limit(0).await.unwrap(), []);
    let page = list().limit(100).page().await.unwrap();
    assert_eq!(texts(&page.messages), words[150..]);
    let older = list().limit(149).before(page.older.unwrap()).page().await.unwrap();
    assert_eq!(texts(&older.messages), words[1..150]);
    let oldest = list().before(older.older.unwrap()).page().await.unwrap();
    assert_eq!((texts(&oldest.messages), oldest.older), (vec![words[0].clone()], None));
    assert_eq!(code(list().before("no cursor").await), "INVALID_REQUEST");

    let streamed: Vec<_> = here.client.messages().stream(&session.id).try_collect().await.unwrap();
    let mut streamed = texts(&streamed);
    streamed.reverse();
    assert_eq!(streamed, words, "newest first, each once");
    let unknown: Result<Vec<_>, _> = here.client.messages().stream("ses_nope").try_collect().await;
    assert_eq!(code(unknown), "NOT_FOUND");
}

#[tokio::test]
async fn an_answer_has_a_role_a_text_parts_and_what_the_server_sent() {
    let here = place("messages-answer").await;
    let session = here.create().await;
    let answer = here.say(&session, "think about it").await;
    assert_eq!(answer.role, Role::Assistant);
    assert_eq!(answer.text(), "Forty-two.");
    let thought = answer.parts.iter().find_map(|part| match part {
        Part::Reasoning { reasoning } => Some(reasoning.to_string()),
        _ => None,
    });
    assert_eq!(thought.as_deref(), Some("What is six times seven?"));
    assert_eq!(answer.info.as_assistant().unwrap().finish.as_deref(), Some("stop"));
    assert_eq!(answer.session_id(), session.id);

    let again = here.client.messages().get(&session.id, answer.id()).await.unwrap();
    assert_eq!(again, answer);
    let asked = here.client.messages().list(&session.id).limit(2).await.unwrap();
    assert_eq!((asked[0].role.clone(), asked[0].text().as_str()), (Role::User, "think about it"));
}

#[tokio::test]
async fn messages_and_parts_are_changed_and_taken_away() {
    let here = place("messages-edit").await;
    let session = here.create().await;
    let kept = here.keep(&session, "before").await;
    let messages = here.client.messages();
    let get = || messages.get(&session.id, kept.id());

    let Part::Text { mut text } = kept.parts[0].clone() else { panic!("{kept:?}") };
    text.text = "after".to_owned();
    let part = Part::Text { text };
    assert_eq!(messages.update_part(&part).await.unwrap(), part);
    assert_eq!(get().await.unwrap().text(), "after");
    messages.delete_part(&session.id, kept.id(), part.id()).await.unwrap();
    assert_eq!(get().await.unwrap().parts, []);
    messages.delete(&session.id, kept.id()).await.unwrap();
    assert_eq!(code(get().await), "NOT_FOUND");
    assert_eq!(code(messages.get(&session.id, "msg_nope").await), "NOT_FOUND");

    let running = here.busy().await;
    let first = here.message_ids(&running.id).await.remove(0);
    assert_eq!(code(messages.delete(&running.id, &first).await), "CONFLICT");
    here.client.sessions().abort_or_err(&running.id).await.unwrap();
}

#[tokio::test]
async fn files_go_along_by_content_or_by_path() {
    let here = place("messages-files").await;
    let session = here.create().await;
    std::fs::create_dir(here.file("src")).unwrap();
    std::fs::write(here.file("src/données 100%.md"), "from the disk\n").unwrap();
    let file = |path: &str, content: Option<&str>| PromptPart::File {
        path: path.to_owned(),
        content: content.map(str::to_owned),
        mime: None,
    };
    let request = PromptRequest {
        content: vec![
            PromptPart::text("messages-files: read these"),
            file("src/new.rs", Some("fn from_the_caller() {}")),
            file("src/données 100%.md", None),
        ],
        ..prompt(&session, "")
    };
    assert_eq!(here.client.messages().prompt(request).await.unwrap().text(), "A scripted answer.");

    let messages = here.client.messages().list(&session.id).await.unwrap();
    let names = messages[0].parts.iter().filter_map(|part| match part {
        Part::File { file } => file.filename.as_deref(),
        _ => None,
    });
    let names = names.collect::<Vec<_>>();
    assert_eq!(names, ["new.rs", "données 100%.md"]);
    let read: String = messages[0]
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Text { text } => Some(text.text.as_str()),
            _ => None,
        })
        .collect();
    assert!(read.contains("fn from_the_caller() {}"), "{read}");
    assert!(read.contains("from the disk"), "{read}");
    assert_eq!(messages[0].text(), "messages-files: read these", "without what the server put in");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_told_to_the_session() {
    let here = place("messages-no-file").await;
    let session = here.create().await;
    let path = "there/is/none.rs".to_owned();
    let content = vec![PromptPart::File { path, content: None, mime: None }];
    let request = PromptRequest { content, ..prompt(&session, "") };
    here.client.messages().prompt(request).await.unwrap();
    let messages = here.client.messages().list(&session.id).await.unwrap();
    let told = format!("{:?}", messages[0].parts);
    assert!(told.contains("File not found"), "{told}");
    assert_eq!(messages[0].text(), "");
}

#[tokio::test]
async fn what_is_only_kept_starts_no_turn() {
    let here = place("messages-kept").await;
    let session = here.create().await;
    let kept = here.keep(&session, "messages-kept: for later").await;
    assert_eq!((kept.role.clone(), kept.text().as_str()), (Role::User, "messages-kept: for later"));
    assert_eq!(here.rig.model_requests("messages-kept").await.len(), 0);
    let empty = PromptRequest { content: Vec::new(), ..prompt(&session, "") };
    assert_eq!(code(here.client.messages().prompt(empty).await), "INVALID_REQUEST");
    let nowhere = PromptRequest { session_id: "ses_nope".into(), ..prompt(&session, "hello") };
    assert_eq!(code(here.client.messages().prompt(nowhere.clone()).await), "NOT_FOUND");
    assert_eq!(code(here.client.messages().prompt_async(nowhere).await), "NOT_FOUND");
}

#[tokio::test]
async fn a_failure_of_the_model_is_a_typed_error() {
    let here = place("messages-failures").await;
    for (words, expected, status) in
        [("be refused", "PROVIDER_ERROR", 400), ("be locked out", "PROVIDER_AUTH", 401)]
    {
        let session = here.create().await;
        let failed = here.client.messages().prompt(prompt(&session, words)).await.unwrap_err();
        assert_eq!(failed.code().as_str(), expected, "{failed}");
        assert_eq!(failed.status(), Some(status));
        assert_eq!(failed.session_id(), Some(session.id.as_str()));
        assert!(failed.to_string().contains(&session.id), "{failed}");
        let kept = here.client.messages().list(&session.id).await.unwrap();
        assert!(kept[1].info.error().is_some(), "what was said until then stays");
    }
    let session = here.create().await;
    let unknown = PromptRequest { model: Some("mock/nope".into()), ..prompt(&session, "hello") };
    assert_eq!(code(here.client.messages().prompt(unknown).await), "SERVER");
}

#[tokio::test]
async fn a_command_of_the_project_runs_with_its_arguments() {
    let template = "messages-command: look at $ARGUMENTS";
    let config = json!({"command": {"look": {"template": template, "description": "Look"}}});
    let here = crate::place::place_with("messages-command", config).await;
    let session = here.create().await;
    for name in ["look", "/look"] {
        let request = CommandRequest {
            session_id: session.id.clone(),
            command: name.to_owned(),
            arguments: "src/main.rs".to_owned(),
            ..CommandRequest::default()
        };
        let answer = here.client.messages().command(request).await.unwrap();
        assert_eq!(answer.text(), "A scripted answer.");
    }
    let asked = here.rig.model_requests("messages-command: look at src/main.rs").await;
    assert_eq!(asked.iter().filter(|request| request.kind == "turn").count(), 2);

    let request = |command: &str| CommandRequest {
        session_id: session.id.clone(),
        command: command.to_owned(),
        ..CommandRequest::default()
    };
    assert_eq!(code(here.client.messages().command(request("nope")).await), "SERVER");
    assert_eq!(code(here.client.messages().command(request("/")).await), "INVALID_REQUEST");
    assert_eq!(
        here.client.messages().init(&session.id).await.unwrap().text(),
        "A scripted answer."
    );
}

#[tokio::test]
async fn a_shell_command_runs_in_the_project_and_is_kept() {
    let here = place("messages-shell").await;
    let session = here.create().await;
    let request = |session_id: &str| ShellRequest {
        session_id: session_id.to_owned(),
        command: "pwd; echo shelled > shell.txt".to_owned(),
        ..ShellRequest::default()
    };
    let message = here.client.messages().shell(request(&session.id)).await.unwrap();
    let output = message.parts.iter().find_map(|part| match part {
        Part::Tool { tool } => match &tool.state {
            ToolState::Completed(done) => Some(done.output.clone()),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(output.unwrap().trim(), here.directory.to_str().unwrap());
    assert_eq!(std::fs::read_to_string(here.file("shell.txt")).unwrap(), "shelled\n");
    assert_eq!(here.message_ids(&session.id).await.len(), 2);

    let running = here.busy().await;
    assert_eq!(code(here.client.messages().shell(request(&running.id)).await), "CONFLICT");
    here.client.sessions().abort_or_err(&running.id).await.unwrap();
}

#[tokio::test]
async fn an_answer_in_a_form_that_was_asked_for_is_structured() {
    let here = place("messages-format").await;
    let call = json!({"name": "StructuredOutput", "arguments": {"colour": "red"}});
    for (words, response) in [
        ("messages-format: which colour", json!({"toolCalls": [call]})),
        ("messages-format: no colour", json!({"content": "Red, I think."})),
    ] {
        let fixture = json!({"match": {"userMessage": words}, "response": response});
        here.rig.add_fixture(fixture).await;
    }
    let session = here.create().await;
    let schema = json!({
        "type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"],
    });
    let ask = |words: &str| PromptRequest {
        format: Some(json!({"type": "json_schema", "schema": schema})),
        ..prompt(&session, words)
    };

    let answer = here.client.messages().prompt(ask("messages-format: which colour")).await;
    let structured = answer.unwrap().info.as_assistant().unwrap().structured.clone();
    assert_eq!(structured, Some(json!({"colour": "red"})));
    let plain = here.client.messages().prompt(ask("messages-format: no colour")).await;
    assert_eq!(code(plain), "PROVIDER_ERROR");
    let format = Some(json!({"type": "text"}));
    let session = here.create().await;
    let text = PromptRequest { format, ..prompt(&session, "hello") };
    assert_eq!(here.client.messages().prompt(text).await.unwrap().text(), "Hi there!");
    assert_eq!(here.message_ids(&session.id).await.len(), 2, "which the server still lists");
}

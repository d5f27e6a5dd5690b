//! Each function is one example of the guide: above it what it does not declare itself, below it
//! what it has to have done.

use std::sync::Arc;

use opencode_sessions::types::file::FilePart;
use opencode_sessions::types::message::{PromptPart, PromptRequest};
use opencode_sessions::types::part::Part;
use opencode_sessions::types::session::{
    CreateSessionRequest, Provider, RevertRequest, Session, SessionStatus, SummarizeRequest,
    UpdateSessionRequest,
};
use opencode_sessions::types::todo::TodoItem;
use opencode_sessions::{Client, ErrorCode, Event, OpencodeError, Time};
use tokio::sync::Semaphore;

use super::{Outcome, client, idle, say, with_notes};

#[rustfmt::skip]
pub(crate) async fn simple_creation() -> Outcome {

use opencode_sessions::{Client, Result};
use opencode_sessions::types::session::CreateSessionRequest;

let client = Client::builder().build()?;

// Quick method: create and run
let session = client.run_simple_text("Write a Rust function").await?;

    assert_eq!(session.status, SessionStatus::Active);
    idle(&client, &session).await;
    Ok(())
}

#[rustfmt::skip]
pub(crate) async fn advanced_creation() -> Outcome {
    let client = client();

use opencode_sessions::types::session::{CreateSessionRequest, Provider};

let request = CreateSessionRequest {
    description: Some("Refactor authentication".to_string()),
    initial_prompt: Some("Review and refactor the auth module".to_string()),
    provider: Some(Provider::Claude),
    model: Some("claude-3-opus-20240229".to_string()),
    agent: Some("default".to_string()),
    tools: Some(vec!["file".to_string(), "shell".to_string()]),
    ephemeral: Some(false),
    ..Default::default()
};

let session = client.sessions().create(request).await?;

    assert_eq!(session.description.as_deref(), Some("Refactor authentication"));
    assert_eq!(session.provider, Some(Provider::Claude));
    assert_eq!(session.model.as_deref(), Some("claude-3-opus-20240229"));
    let denied: Vec<_> = session.info.permission.iter().flatten().map(|rule| rule.permission.as_str()).collect();
    assert!(denied.contains(&"webfetch") && !denied.contains(&"bash") && !denied.contains(&"read"));
    idle(&client, &session).await;
    Ok(())
}

#[rustfmt::skip]
pub(crate) async fn session_properties() -> Outcome {
    let client = client();
    let session_id = with_notes(&client).await.id;

let session = client.sessions().details(&session_id).await?;

let id: &String = &session.id;                          // Unique identifier
let status: SessionStatus = session.status;             // Current state
let description: &Option<String> = &session.description; // User-defined description
let created_at: Time = session.created_at;              // Creation timestamp
let updated_at: Time = session.updated_at;              // Last update timestamp
let provider: &Option<Provider> = &session.provider;    // AI provider
let model: &Option<String> = &session.model;            // Model name
let agent: &Option<String> = &session.agent;            // Agent configuration
let directory: &String = &session.directory;            // Working directory
let todo_list: &Vec<TodoItem> = &session.todo_list;     // Task list

    assert_eq!(status, SessionStatus::Completed);
    assert!(updated_at.as_millis() >= created_at.as_millis());
    assert_eq!(provider, &Some(Provider::Other("mock".into())));
    assert_eq!((model.as_deref(), agent.as_deref()), (Some("m1"), Some("build")));
    assert!(description.is_some() && todo_list.is_empty() && !directory.is_empty() && id == &session_id);
    Ok(())
}

#[rustfmt::skip]
pub(crate) async fn listing_sessions() -> Outcome {
    let client = client();
    let made = with_notes(&client).await;

// List all sessions for the directory
let sessions = client.sessions().list().await?;

for session in sessions {
    println!("{}: {} ({:?})", 
        session.id, 
        session.description.as_deref().unwrap_or("Untitled"),
        session.status
    );
}

    Ok(())
}

#[rustfmt::skip]
pub(crate) async fn getting_session_details() -> Outcome {
    let client = client();
    let session_id = with_notes(&client).await.id;

let session = client.sessions().get(&session_id).await?;
println!("Session status: {:?}", session.status);

    assert_eq!(session.status, SessionStatus::Idle);
    Ok(())
}

#[rustfmt::skip]
pub(crate) async fn updating_sessions() -> Outcome {
    let client = client();
    let session_id = with_notes(&client).await.id;

use opencode_sessions::types::session::UpdateSessionRequest;

let update = UpdateSessionRequest {
    description: Some("Updated description".to_string()),
    status: Some(SessionStatus::Active),
    ..Default::default()
};

let updated = client.sessions().update(&session_id, update).await?;

    assert_eq!(updated.description.as_deref(), Some("Updated description"));
    Ok(())
}

#[rustfmt::skip]
pub(crate) async fn deleting_sessions() -> Outcome {
    let client = client();
    let session_id = with_notes(&client).await.id;

client.sessions().delete(&session_id).await?;
println!("Session deleted");

    let gone = client.sessions().get(&session_id).await.unwrap_err();
    assert_eq!(gone.code(), ErrorCode::NotFound);
    Ok(())
}

#[rustfmt::skip]
pub(crate) async fn reverting_sessions() -> Outcome {
    let client = client();
    let session_id = with_notes(&client).await.id;

use opencode_sessions::types::session::RevertRequest;

let request = RevertRequest {
    message: Some("Reverting due to errors".to_string()),
    ..Default::default()
};

let result = client.sessions().revert(&session_id, request).await?;
println!("Reverted files: {:?}", result.reverted_files);

    assert_eq!(result.reverted_files, ["notes.txt"]);
    Ok(())
}

#[rustfmt::skip]
pub(crate) async fn summarizing_sessions() -> Outcome {
    let client = client();
    let session_id = with_notes(&client).await.id;

use opencode_sessions::types::session::SummarizeRequest;

let request = SummarizeRequest {
    include_file_changes: Some(true),
    include_messages: Some(true),
    ..Default::default()
};

let summary = client.sessions().summarize(&session_id, request).await?;
println!("Summary: {}", summary.summary);
println!("Files changed: {}", summary.file_changes.len());

    assert!(summary.summary.contains("A scripted summary"));
    assert_eq!(summary.file_changes.len(), 1);
    assert!(!summary.messages.is_empty());
    Ok(())
}

#[rustfmt::skip]
pub(crate) async fn getting_session_diff() -> Outcome {
    let client = client();
    let session_id = with_notes(&client).await.id;

let diff = client.sessions().diff(&session_id).await?;

for file_diff in &diff.file_diffs {
    println!("File: {}", file_diff.path);
    println!("Added: {}, Removed: {}", 
        file_diff.lines_added, 
        file_diff.lines_removed
    );
}

    assert_eq!((diff.file_diffs[0].path.as_str(), diff.file_diffs[0].lines_added), ("notes.txt", 3));
    Ok(())
}

#[rustfmt::skip]
pub(crate) async fn directory_association() -> Outcome {

// Set at client level
let client = Client::builder()
    .directory("/path/to/project")
    .build()?;

// All sessions created by this client use this directory
let session = client.run_simple_text("Analyze code").await?;
assert_eq!(session.directory, "/path/to/project");

    idle(&client, &session).await;
    Ok(())
}

#[rustfmt::skip]
pub(crate) async fn session_specific_tools() -> Outcome {
    let client = client();

let request = CreateSessionRequest {
    tools: Some(vec![
        "file".to_string(),      // File operations
        "shell".to_string(),     // Shell commands
        "grep".to_string(),      // Text search
        "edit".to_string(),      // Code editing
    ]),
    ..Default::default()
};

let session = client.sessions().create(request).await?;

    let denied: Vec<_> = session.info.permission.iter().flatten().map(|rule| rule.permission.as_str()).collect();
    for tool in ["read", "edit", "list", "bash", "grep", "glob"] {
        assert!(!denied.contains(&tool), "{tool}");
    }
    assert!(denied.contains(&"webfetch"));
    Ok(())
}

#[rustfmt::skip]
pub(crate) async fn session_messages() -> Outcome {
    let client = client();
    let session = with_notes(&client).await;

// Get all messages in a session
let messages = client.messages().list(&session.id).await?;

for message in messages {
    println!("Role: {:?}", message.role);
    for part in &message.parts {
        match part {
            Part::Text { text } => println!("Text: {}", text),
            Part::File { file } => println!("File: {}", file.path),
            _ => {}
        }
    }
}

    Ok(())
}

#[rustfmt::skip]
pub(crate) async fn session_events() -> Outcome {
    let client = client();
    let session = client.sessions().create(CreateSessionRequest::default()).await?;
    let turn = say(&client, &session, "hello");
    // The example listens for ever; here until the turn is over.
    let listening = async {

// Subscribe to events for a specific session
let mut subscription = client.subscribe_session(&session.id).await?;

while let Some(event) = subscription.recv().await {
    match event? {
        Event::SessionCreated { props } => {
            println!("Session created: {}", props.session_id);
        }
        Event::MessageUpdated { props } => {
            println!("Message updated: {}", props.message_id);
        }
        Event::SessionIdle { props } => {
            println!("Session idle: {}", props.session_id);
        }
        _ => {}
    }
}

        Ok::<(), Box<dyn std::error::Error>>(())
    };
    let over = async {
        turn.await.unwrap();
        idle(&client, &session).await;
    };
    tokio::select! {
        failed = listening => failed?,
        () = over => {}
    }
    Ok(())
}

#[rustfmt::skip]
pub(crate) async fn session_naming() -> Outcome {
    let client = client();

let request = CreateSessionRequest {
    description: Some("Refactor auth middleware for JWT support".to_string()),
    ..Default::default()
};

    let session = client.sessions().create(request).await?;
    assert_eq!(session.description.as_deref(), Some("Refactor auth middleware for JWT support"));
    Ok(())
}

#[rustfmt::skip]
pub(crate) async fn session_cleanup() -> Outcome {
    let client = client();

let request = CreateSessionRequest {
    ephemeral: Some(true),  // Will be auto-deleted
    ..Default::default()
};

    let session = client.sessions().create(request).await?;
    client.close().await;
    let gone = self::client().sessions().get(&session.id).await.unwrap_err();
    assert_eq!(gone.code(), ErrorCode::NotFound);
    Ok(())
}

#[rustfmt::skip]
pub(crate) async fn error_handling() -> Outcome {
    let client = client();
    let request = CreateSessionRequest { model: Some("no-provider".into()), ..Default::default() };

match client.sessions().create(request).await {
    Ok(session) => {
        println!("Created: {}", session.id);
    }
    Err(OpencodeError::Api { code, message, .. }) => {
        eprintln!("API Error {}: {}", code, message);
    }
    Err(e) => {
        eprintln!("Error: {}", e);
    }
}

    Ok(())
}

#[rustfmt::skip]
pub(crate) async fn resource_management() -> Outcome {
    let client: &'static Client = Box::leak(Box::new(client()));
    let tasks: Vec<String> = (0..7).map(|n| format!("task {n}")).collect();

use tokio::sync::Semaphore;

let semaphore = Arc::new(Semaphore::new(5)); // Max 5 concurrent

for task in tasks {
    let permit = semaphore.clone().acquire_owned().await?;
    tokio::spawn(async move {
        let _permit = permit; // Hold permit until done
        client.run_simple_text(task).await
    });
}

    let all = semaphore.acquire_many(5).await?;
    assert!(client.sessions().list().roots(true).await?.len() >= 7);
    Ok(())
}

#[rustfmt::skip]
pub(crate) async fn quick_task() -> Outcome {
    let client = client();

let result = client.run_simple_text("Review this code").await?;
// Result returns immediately; listen for events for actual response

    idle(&client, &result).await;
    Ok(())
}

#[rustfmt::skip]
pub(crate) async fn long_running_session() -> Outcome {
    let client = client();

let session = client.sessions().create(CreateSessionRequest {
    description: Some("Implement feature X".to_string()),
    ..Default::default()
}).await?;

// Multiple interactions
let msg1 = client.messages().create_prompt(PromptRequest {
    session_id: session.id.clone(),
    content: vec![PromptPart::Text { 
        text: "Step 1: Analyze requirements".to_string() 
    }],
    ..Default::default()
}).await?;

// ... more steps

    assert_eq!(msg1.text(), "A scripted answer.");
    Ok(())
}

#[rustfmt::skip]
pub(crate) async fn session_with_file_context() -> Outcome {
    let client = client();
    let file_content = "fn main() {}".to_string();

let request = CreateSessionRequest {
    initial_prompt: Some("Review the attached files".to_string()),
    ..Default::default()
};

let session = client.sessions().create(request).await?;

// Add file references
let file_part = Part::File {
    file: FilePart {
        path: "src/main.rs".to_string(),
        content: Some(file_content),
        ..Default::default()
    },
};

    idle(&client, &session).await;
    let sent = client.messages().prompt(PromptRequest {
        session_id: session.id.clone(),
        content: vec![PromptPart::text("hello"), file_part.try_into()?],
        ..Default::default()
    }).await?;
    assert_eq!(sent.text(), "Hi there!");
    Ok(())
}

#[rustfmt::skip]
pub(crate) async fn session_timeouts() -> Outcome {

let client = Client::builder()
    .timeout_secs(600)  // 10 minutes
    .build()?;

    assert!(client.health().await?.healthy);
    Ok(())
}

#[rustfmt::skip]
pub(crate) async fn monitoring_sessions() -> Outcome {
    let client = client();
    let session = client.sessions().create(CreateSessionRequest::default()).await?;
    let turn = say(&client, &session, "write a file");

let mut subscription = client.subscribe_session(&session.id).await?;

let mut completed = false;
while let Some(event) = subscription.recv().await {
    match event? {
        Event::ToolStateCompleted { props } => {
            println!("Tool completed: {}", props.tool_id);
        }
        Event::SessionIdle { props } => {
            println!("Session idle");
            completed = true;
            break;
        }
        Event::SessionError { props } => {
            eprintln!("Session error: {:?}", props.error);
            break;
        }
        _ => {}
    }
}

    turn.await?;
    assert!(completed);
    Ok(())
}

//! The examples of `docs/server-guide.md`, as they stand there, run against the real server.
//!
//! They run in a child process, because some of them take the server's address from the
//! environment.
#![allow(
    unused_mut,
    unused_variables,
    unused_assignments,
    unused_imports,
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    clippy::str_to_string,
    reason = "the examples are as the guide has them"
)]

#[path = "../support/mod.rs"]
mod support;

mod examples;

use std::process::Command;

use opencode_sessions::Client;
use opencode_sessions::types::message::{PromptPart, PromptRequest};
use opencode_sessions::types::session::Session;
use tokio::task::JoinHandle;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Says to this program that it is the child, and where its projects are.
const CHILD: &str = "SERVER_GUIDE_PROJECT";

#[tokio::main]
async fn main() -> Outcome {
    if std::env::var_os(CHILD).is_some() {
        return run_all().await;
    }
    every_example_of_the_page_is_run_here_word_by_word();
    let rig = support::rig::Rig::start().await;
    let project = rig.project("guide").await;
    let addresses = &rig.addresses;
    let status = Command::new(std::env::current_exe()?)
        .env(CHILD, project)
        .env("OPENCODE_BASE_URL", &addresses.url)
        .env("OPENCODE_SERVER_USERNAME", &addresses.username)
        .env("OPENCODE_SERVER_PASSWORD", &addresses.password)
        .status()?;
    assert!(status.success(), "the examples failed: {status}");
    Ok(())
}

fn every_example_of_the_page_is_run_here_word_by_word() {
    let close = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let here = close(include_str!("examples.rs"));
    let page = include_str!("../../../docs/server-guide.md");
    let blocks: Vec<_> = page
        .split("```rust\n")
        .skip(1)
        .map(|rest| close(rest.split("```").next().unwrap_or_default()))
        .collect();
    assert_eq!(blocks.len(), 23);
    for block in blocks {
        assert!(here.contains(&block), "not run: {block}");
    }
}

/// A client in the child's project.
fn client() -> Client {
    Client::builder().directory(std::env::var(CHILD).unwrap()).build().unwrap()
}

async fn idle(client: &Client, session: &Session) {
    client.wait_idle(&session.id, None).await.unwrap();
}

/// A session whose turn made `notes.txt`.
async fn with_notes(client: &Client) -> Session {
    let notes = std::path::Path::new(client.directory().unwrap()).join("notes.txt");
    let _ = std::fs::remove_file(notes);
    let session = client.run_simple_text("create notes").await.unwrap();
    idle(client, &session).await;
    session
}

/// Says something as soon as somebody listens.
fn say(client: &Client, session: &Session, text: &str) -> JoinHandle<()> {
    let (client, id, text) = (client.clone(), session.id.clone(), text.to_owned());
    tokio::spawn(async move {
        let request = PromptRequest {
            session_id: id,
            content: vec![PromptPart::text(text)],
            ..PromptRequest::default()
        };
        client.messages().prompt_async(request).await.unwrap();
    })
}

async fn run_all() -> Outcome {
    examples::simple_creation().await?;
    println!("ok simple_creation");
    examples::advanced_creation().await?;
    println!("ok advanced_creation");
    examples::session_properties().await?;
    println!("ok session_properties");
    examples::listing_sessions().await?;
    println!("ok listing_sessions");
    examples::getting_session_details().await?;
    println!("ok getting_session_details");
    examples::updating_sessions().await?;
    println!("ok updating_sessions");
    examples::deleting_sessions().await?;
    println!("ok deleting_sessions");
    examples::reverting_sessions().await?;
    println!("ok reverting_sessions");
    examples::summarizing_sessions().await?;
    println!("ok summarizing_sessions");
    examples::getting_session_diff().await?;
    println!("ok getting_session_diff");
    examples::directory_association().await?;
    println!("ok directory_association");
    examples::session_specific_tools().await?;
    println!("ok session_specific_tools");
    examples::session_messages().await?;
    println!("ok session_messages");
    examples::session_events().await?;
    println!("ok session_events");
    examples::session_naming().await?;
    println!("ok session_naming");
    examples::session_cleanup().await?;
    println!("ok session_cleanup");
    examples::error_handling().await?;
    println!("ok error_handling");
    examples::resource_management().await?;
    println!("ok resource_management");
    examples::quick_task().await?;
    println!("ok quick_task");
    examples::long_running_session().await?;
    println!("ok long_running_session");
    examples::session_with_file_context().await?;
    println!("ok session_with_file_context");
    examples::session_timeouts().await?;
    println!("ok session_timeouts");
    examples::monitoring_sessions().await?;
    println!("ok monitoring_sessions");
    Ok(())
}

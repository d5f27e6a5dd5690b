//! `create`: what is asked for arrives, and is still there in later turns.

use opencode_sessions::Client;
use opencode_sessions::types::request::{CreateSessionRequest, PromptRequest, Provider};
use opencode_sessions::types::session::SessionStatus;
use serde_json::json;

use crate::place::{LONG, code, named, object, place, place_with, prompt, text};
use crate::support::scripted::{Reply, Request, Scripted};

#[tokio::test]
async fn a_description_is_the_title_and_the_rest_arrives_as_it_is() {
    let here = place("create-everything").await;
    let parent = here.create().await;
    let metadata = object(json!({"ticket": {"id": 7}, "tags": ["a"]}));
    let rules = json!([{"permission": "bash", "pattern": "rm *", "action": "ask"}]);
    let created = here
        .client
        .sessions()
        .create(CreateSessionRequest {
            title: Some("not this one".into()),
            parent_id: Some(parent.id.clone()),
            agent: Some("default".into()),
            metadata: Some(metadata.clone()),
            permission: Some(serde_json::from_value(rules.clone()).unwrap()),
            ..named("Refactor the parser")
        })
        .await
        .unwrap();

    let session = here.client.sessions().get(&created.id).await.unwrap();
    assert_eq!(session.description.as_deref(), Some("Refactor the parser"));
    assert_eq!(session.info.title, "Refactor the parser");
    assert_eq!(session.info.parent_id.as_deref(), Some(parent.id.as_str()));
    assert_eq!(session.agent, None, "\"default\" is the server's own choice");
    assert_eq!(session.info.metadata, Some(metadata), "and nothing of ours is in it");
    assert_eq!(serde_json::to_value(&session.info.permission).unwrap(), rules);
    assert_eq!(session.directory, text(&here.directory));
    assert_eq!(session.status, SessionStatus::Idle);
    assert!(session.created_at <= session.updated_at);
}

#[tokio::test]
async fn a_model_is_named_in_two_ways_and_half_of_one_is_refused() {
    let here = place("create-model").await;
    let request = |provider: Option<&str>, model: Option<&str>| CreateSessionRequest {
        provider: provider.map(Provider::from),
        model: model.map(str::to_owned),
        ..CreateSessionRequest::default()
    };
    let sessions = here.client.sessions();
    for (provider, model) in [(Some("mock"), "m1"), (None, "mock/m1"), (Some("mock"), "mock/m1")] {
        let session = sessions.create(request(provider, Some(model))).await.unwrap();
        assert_eq!(session.provider, Some(Provider::Other("mock".into())));
        assert_eq!(session.model.as_deref(), Some("m1"));
    }
    let claude = sessions.create(request(Some("Claude"), Some("opus"))).await.unwrap();
    assert_eq!(claude.info.model.unwrap().provider_id, "anthropic");

    for half in [request(Some("mock"), None), request(None, Some("m1"))] {
        assert_eq!(code(sessions.create(half).await), "INVALID_REQUEST");
    }
    assert_eq!(sessions.list().await.unwrap().len(), 4, "what is refused makes no session");
}

#[tokio::test]
async fn the_model_and_the_agent_of_a_session_are_those_of_its_turns() {
    let models = json!({"m2": {"limit": {"context": 100_000, "output": 4_000}}});
    let config = json!({"provider": {"mock": {"models": models}}});
    let here = place_with("create-agent", config).await;
    let request = CreateSessionRequest {
        agent: Some("plan".into()),
        model: Some("mock/m2".into()),
        ..CreateSessionRequest::default()
    };
    let session = here.client.sessions().create(request).await.unwrap();
    let used = |message: &opencode_sessions::types::Message| {
        let answer = message.info.as_assistant().unwrap();
        (answer.agent.clone().unwrap(), answer.model_id.clone())
    };

    let answer = here.say(&session, "hello").await;
    assert_eq!(used(&answer), ("plan".to_owned(), "m2".to_owned()));
    let other = PromptRequest {
        agent: Some("build".into()),
        model: Some("mock/m1".into()),
        ..prompt(&session, "hello")
    };
    let answer = here.client.messages().prompt(other).await.unwrap();
    assert_eq!(used(&answer), ("build".to_owned(), "m1".to_owned()));
}

#[tokio::test]
async fn a_session_can_belong_to_another_directory_than_its_client() {
    let here = place("create-here").await;
    let there = place("create-there").await;
    let request = CreateSessionRequest {
        directory: Some(text(&there.directory).to_owned()),
        initial_prompt: Some("hello".into()),
        ..CreateSessionRequest::default()
    };
    let session = here.client.sessions().create(request).await.unwrap();
    assert_eq!(session.directory, text(&there.directory));
    assert_eq!(session.status, SessionStatus::Active);

    here.client.wait_idle(&session.id, Some(LONG)).await.unwrap();
    assert_eq!(here.message_ids(&session.id).await.len(), 2);
    assert_eq!(here.client.sessions().list().await.unwrap(), []);
}

#[tokio::test]
async fn tools_that_are_not_listed_are_denied() {
    let here = place("create-tools-grep").await;
    let tools = Some(vec!["grep".to_owned()]);
    let request = CreateSessionRequest { tools, ..CreateSessionRequest::default() };
    let session = here.client.sessions().create(request).await.unwrap();

    here.say(&session, "write a file, in create-tools-grep").await;
    assert!(!here.file("written.txt").exists(), "bash ran");
    let asked = here.rig.model_requests("in create-tools-grep").await;
    let offered = &asked.iter().find(|request| request.kind == "turn").unwrap().tools;
    assert!(offered.contains(&"grep".to_owned()) && offered.contains(&"glob".to_owned()));
    for tool in ["bash", "read", "edit", "write", "task", "webfetch", "todowrite", "question"] {
        assert!(!offered.contains(&tool.to_owned()), "{tool} is offered: {offered:?}");
    }
}

#[tokio::test]
async fn tools_that_are_listed_work_as_ever() {
    let here = place("create-tools-shell").await;
    let tools = Some(vec!["file".to_owned(), "shell".to_owned()]);
    let request = CreateSessionRequest { tools, ..CreateSessionRequest::default() };
    let session = here.client.sessions().create(request).await.unwrap();

    assert_eq!(here.say(&session, "write a file").await.text(), "Written.");
    assert_eq!(std::fs::read_to_string(here.file("written.txt")).unwrap(), "hi\n");
    here.say(&session, "create notes").await;
    assert!(here.file("notes.txt").exists(), "`file` is also for writing");
}

#[tokio::test]
async fn a_system_prompt_goes_with_every_prompt_also_of_another_client() {
    let here = place("create-system").await;
    let request = CreateSessionRequest {
        system_prompt: Some("Answer like a pirate.".into()),
        initial_prompt: Some("create-system: the first".into()),
        ..CreateSessionRequest::default()
    };
    let session = here.client.sessions().create(request).await.unwrap();
    here.client.wait_idle(&session.id, Some(LONG)).await.unwrap();
    here.say(&session, "create-system: the second").await;
    let other = crate::place::builder(here.rig).build().unwrap();
    other.messages().prompt(prompt(&session, "create-system: the third")).await.unwrap();
    let own = PromptRequest {
        system: Some("Answer like a poet.".into()),
        ..prompt(&session, "create-system: the fourth")
    };
    here.client.messages().prompt(own).await.unwrap();

    for (prompt, spoken) in
        [("first", "pirate"), ("second", "pirate"), ("third", "pirate"), ("fourth", "poet")]
    {
        let asked = here.rig.model_requests(&format!("create-system: the {prompt}")).await;
        let turns: Vec<_> = asked.iter().filter(|request| request.kind == "turn").collect();
        assert_eq!(turns.len(), 1);
        assert!(turns[0].system.contains(&format!("Answer like a {spoken}.")), "{prompt}");
    }
}

#[tokio::test]
async fn an_initial_prompt_starts_a_turn() {
    let here = place("create-prompt").await;
    let initial_prompt = Some("hello".to_owned());
    let request = CreateSessionRequest { initial_prompt, ..CreateSessionRequest::default() };
    let session = here.client.sessions().create(request).await.unwrap();
    assert_eq!(session.status, SessionStatus::Active);

    here.client.wait_idle(&session.id, Some(LONG)).await.unwrap();
    let messages = here.client.messages().list(&session.id).await.unwrap();
    let said: Vec<_> = messages.iter().map(opencode_sessions::types::Message::text).collect();
    assert_eq!(said, ["hello", "Hi there!"]);
}

#[tokio::test]
async fn a_session_whose_initial_prompt_cannot_be_sent_is_deleted_again() {
    let info = json!({"id": "ses_1", "title": "t", "directory": "/p"});
    let server = Scripted::start(move |request| match request.route().as_str() {
        "POST /session" | "GET /session/ses_1" => Reply::json(200, &info),
        "GET /session/ses_1/message" => Reply::json(200, &json!([])),
        "DELETE /session/ses_1" => Reply::json(200, &json!(true)),
        "POST /session/ses_1/prompt_async" => Reply::json(500, &json!({"_tag": "Broken"})),
        _ => Reply::empty(404),
    })
    .await;
    let client = Client::builder().base_url(server.url()).password("").build().unwrap();
    let initial_prompt = Some("hello".to_owned());
    let request = CreateSessionRequest { initial_prompt, ..CreateSessionRequest::default() };

    assert_eq!(code(client.sessions().create(request).await), "SERVER");
    let routes: Vec<_> = server.requests().iter().map(Request::route).collect();
    assert_eq!(routes.last().map(String::as_str), Some("DELETE /session/ses_1"), "{routes:?}");
}

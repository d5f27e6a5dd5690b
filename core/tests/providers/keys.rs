//! Keys and addresses: from the options, else from the environment.

use opencode_sessions::provider::{Anthropic, ModelProvider, OpenAi, ProviderOptions, named};

use crate::asking::{ask, hello};
use crate::support::scripted::{Reply, Scripted};
use crate::support::{hear, player, plays, say};

const VARIABLES: [&str; 6] = [
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL",
    "OPENROUTER_API_KEY",
    "OLLAMA_BASE_URL",
];

/// A process with just these variables, that asks both providers and says how each was built.
fn with_environment(variables: &[(&str, &str)]) -> Vec<String> {
    let mut command = player("keys::role_asks");
    for name in VARIABLES {
        command.env_remove(name);
    }
    let mut child = command.envs(variables.iter().copied()).spawn().unwrap();
    let mut lines = std::io::BufReader::new(child.stdout.take().unwrap());
    let said = std::iter::from_fn(|| hear(&mut lines)).collect();
    assert!(child.wait().unwrap().success());
    said
}

#[tokio::test]
#[ignore = "a role that other tests play"]
async fn role_asks() {
    if !plays("keys::role_asks") {
        return;
    }
    let openai = OpenAi::builder().build();
    let anthropic = Anthropic::builder().build();
    let ask_it = std::env::var("ASKS").is_ok();
    for built in [openai.map(boxed), anthropic.map(boxed)] {
        match built {
            Err(error) => say(&format!("{} {error}", error.code())),
            Ok(provider) if ask_it => say(ask(&*provider, hello()).await.code()),
            Ok(provider) => say(provider.name()),
        }
    }
    say(&named("openrouter", ProviderOptions::default())
        .map_or_else(|error| error.to_string(), |p| p.name().to_owned()));
    say(&named("ollama", ProviderOptions::default())
        .map_or_else(|error| error.to_string(), |p| p.name().to_owned()));
}

#[test]
fn a_missing_key_is_named_before_anything_is_sent_and_what_runs_here_needs_none() {
    let said = with_environment(&[("OPENAI_API_KEY", " ")]);
    assert!(said[0].starts_with("PROVIDER_AUTH") && said[0].contains("OPENAI_API_KEY"), "{said:?}");
    assert!(
        said[1].starts_with("PROVIDER_AUTH") && said[1].contains("ANTHROPIC_API_KEY"),
        "{said:?}"
    );
    assert!(said[2].contains("OPENROUTER_API_KEY"), "{said:?}");
    assert_eq!(said[3], "ollama");
}

#[tokio::test]
async fn keys_and_addresses_of_the_environment_are_used() {
    let server = Scripted::start(|_| Reply::empty(500)).await;
    let url = server.url().to_owned();
    let said = tokio::task::spawn_blocking(move || {
        with_environment(&[
            ("OPENAI_API_KEY", "sk-env-1"),
            ("OPENAI_BASE_URL", &url),
            ("ANTHROPIC_API_KEY", "sk-env-2"),
            ("ANTHROPIC_BASE_URL", &url),
            ("ASKS", "yes"),
        ])
    });
    assert_eq!(said.await.unwrap()[..2], ["PROVIDER_ERROR", "PROVIDER_ERROR"]);
    let requests = server.requests();
    assert_eq!(requests[0].header("authorization"), Some("Bearer sk-env-1"));
    assert_eq!(requests[1].header("x-api-key"), Some("sk-env-2"));
}

#[tokio::test]
async fn a_password_in_the_address_is_sent_as_one_and_shown_nowhere() {
    let server = Scripted::start(|_| Reply::empty(500)).await;
    let base = server.url().replace("http://", "http://me:s3cret@");
    let mut options = ProviderOptions::default();
    options.base_url = Some(base);
    let provider = named("ollama", options.clone()).unwrap();
    let heard = ask(&*provider, hello()).await;
    assert!(!format!("{provider:?} {options:?} {heard:?}").contains("s3cret"));
    assert_eq!(server.requests()[0].header("authorization"), Some("Basic bWU6czNjcmV0"));
}

#[test]
fn an_unknown_provider_and_a_wrong_address_are_refused_with_what_is_right() {
    let error = named("nobody", ProviderOptions::default()).unwrap_err();
    assert_eq!(error.code().as_str(), "INVALID_ARGUMENT");
    assert!(error.to_string().contains("anthropic") && error.to_string().contains("ollama"));
    let error = OpenAi::builder().base_url("ftp://h").build().unwrap_err();
    assert_eq!(error.code().as_str(), "INVALID_ARGUMENT");
    let error = OpenAi::builder().base_url("http://h").api_key("a\nb").build().unwrap_err();
    assert!(!error.to_string().contains("a\nb"));
}

fn boxed(provider: impl ModelProvider + 'static) -> Box<dyn ModelProvider> {
    Box::new(provider)
}

//! Providers and models that are known by name.

use std::sync::Arc;

use super::{Anthropic, ModelLimits, ModelProvider, OpenAi, ProviderOptions};
use crate::error::{OpencodeError, Result};

/// A provider's address, and the environment variable of its key. What runs on one's own machine
/// needs none.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) base_url: &'static str,
    pub(super) key: Option<&'static str>,
}

const fn known(name: &'static str, base_url: &'static str, key: Option<&'static str>) -> Known {
    Known { name, base_url, key }
}

pub(super) const OPENAI: Known =
    known("openai", "https://api.openai.com/v1", Some("OPENAI_API_KEY"));

pub(super) const ANTHROPIC: Known =
    known("anthropic", "https://api.anthropic.com", Some("ANTHROPIC_API_KEY"));

/// Those that speak as OpenAI does.
const COMPATIBLE: &[Known] = &[
    OPENAI,
    known("ollama", "http://127.0.0.1:11434/v1", None),
    known("lmstudio", "http://127.0.0.1:1234/v1", None),
    known("vllm", "http://127.0.0.1:8000/v1", None),
    known("llamacpp", "http://127.0.0.1:8080/v1", None),
    known("openrouter", "https://openrouter.ai/api/v1", Some("OPENROUTER_API_KEY")),
    known("groq", "https://api.groq.com/openai/v1", Some("GROQ_API_KEY")),
    known("mistral", "https://api.mistral.ai/v1", Some("MISTRAL_API_KEY")),
    known("deepseek", "https://api.deepseek.com/v1", Some("DEEPSEEK_API_KEY")),
    known("xai", "https://api.x.ai/v1", Some("XAI_API_KEY")),
    known("together", "https://api.together.xyz/v1", Some("TOGETHER_API_KEY")),
    known("fireworks", "https://api.fireworks.ai/inference/v1", Some("FIREWORKS_API_KEY")),
    known("cerebras", "https://api.cerebras.ai/v1", Some("CEREBRAS_API_KEY")),
    known(
        "google",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        Some("GEMINI_API_KEY"),
    ),
];

/// The provider of this name: `anthropic`, `openai`, or one that speaks as OpenAI does: `ollama`,
/// `lmstudio`, `vllm`, `llamacpp`, `openrouter`, `groq`, `mistral`, `deepseek`, `xai`, `together`,
/// `fireworks`, `cerebras`, `google`. Its key is in the options or in its variable
/// (`OPENROUTER_API_KEY`, …; `GEMINI_API_KEY` for `google`), and the same is true of its address
/// (`OLLAMA_BASE_URL`, …).
///
/// `INVALID_ARGUMENT` for another name, `PROVIDER_AUTH` when a key is needed and there is none.
pub fn named(name: &str, options: ProviderOptions) -> Result<Arc<dyn ModelProvider>> {
    if name == ANTHROPIC.name {
        return Ok(Arc::new(Anthropic::new(options)?));
    }
    match COMPATIBLE.iter().find(|known| known.name == name) {
        Some(known) => Ok(Arc::new(OpenAi::of(known, options)?)),
        None => {
            let names: Vec<_> = COMPATIBLE.iter().map(|known| known.name).collect();
            Err(OpencodeError::invalid_with_hint(
                format!(
                    "unknown provider {name:?}; known are anthropic, opencode, {}",
                    names.join(", ")
                ),
                "a server that speaks as OpenAI does is provider openai with its base_url; one of the \
                 program's own is given as an object, also to resume",
            ))
        }
    }
}

/// Provider and model of `openai/gpt-5`. Of a model's name alone when it tells the provider:
/// `claude…` is of `anthropic`, `gpt…`, `chatgpt…`, `o1…`, `o3…`, `o4…` of `openai`; otherwise
/// `INVALID_ARGUMENT`. The model may have slashes of its own: `openrouter/qwen/qwen3`.
pub fn split(model: &str) -> Result<(&str, &str)> {
    match model.trim().split_once('/') {
        Some((provider, model)) if !provider.is_empty() && !model.is_empty() => {
            return Ok((provider, model));
        }
        None if model.trim().starts_with("claude") => {
            return Ok((ANTHROPIC.name, model.trim()));
        }
        None if is_of_openai(model.trim()) => return Ok((OPENAI.name, model.trim())),
        _ => {}
    }
    Err(OpencodeError::invalid_with_hint(
        format!("no provider in the model {model:?}"),
        "name it before the model: openai/gpt-5, ollama/llama3.2",
    ))
}

/// Whether a provider's models may be named `vendor/model`.
pub(crate) fn has_others_models(provider: &str) -> bool {
    !["openai", "anthropic", "mistral", "deepseek", "xai", "cerebras", "google"].contains(&provider)
        && (COMPATIBLE.iter().any(|known| known.name == provider) || provider == "opencode")
}

/// The environment variables that hold keys and passwords of models and agents.
pub(crate) fn secrets() -> impl Iterator<Item = &'static str> {
    let keys = COMPATIBLE.iter().chain([&ANTHROPIC]).filter_map(|known| known.key);
    keys.chain([crate::server::PASSWORD])
}

fn is_of_openai(model: &str) -> bool {
    ["gpt", "chatgpt"].iter().any(|prefix| model.starts_with(prefix)) || is_o_series(model)
}

fn is_o_series(model: &str) -> bool {
    ["o1", "o3", "o4"].iter().any(|name| {
        model.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    })
}

/// Whether a model is one of OpenAI's that refuse `max_tokens`.
pub(super) fn thinks_at_openai(model: &str) -> bool {
    is_o_series(model) || (model.starts_with("gpt-5") && !model.starts_with("gpt-5-chat"))
}

/// Context window and longest answer by the beginning of the name; the first that fits counts.
const LIMITS: &[(&str, u64, u64)] = &[
    ("claude-opus-4-6", 200_000, 128_000),
    ("claude-opus-4-5", 200_000, 64_000),
    ("claude-opus-4", 200_000, 32_000),
    ("claude-sonnet-4", 200_000, 64_000),
    ("claude-haiku-4", 200_000, 64_000),
    ("claude-3-7", 200_000, 64_000),
    ("claude-3-5", 200_000, 8_192),
    ("claude-3", 200_000, 4_096),
    ("gpt-5-chat", 128_000, 16_384),
    ("gpt-5", 400_000, 128_000),
    ("gpt-4.1", 1_047_576, 32_768),
    ("gpt-4o", 128_000, 16_384),
    ("chatgpt-4o", 128_000, 16_384),
    ("gpt-4-turbo", 128_000, 4_096),
    ("gpt-4", 8_192, 8_192),
    ("gpt-3.5-turbo", 16_385, 4_096),
    ("gpt-oss", 131_072, 131_072),
    ("o1", 200_000, 100_000),
    ("o3", 200_000, 100_000),
    ("o4-mini", 200_000, 100_000),
];

/// What is known of a model, by its name, also behind another provider's (`openai/gpt-5`).
pub(super) fn limits(model: &str) -> ModelLimits {
    let name = model.rsplit('/').next().unwrap_or(model);
    // What a long name begins with may be a short one: `o1` is not `o100`.
    let fits = |prefix: &str| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
    };
    match LIMITS.iter().find(|(prefix, ..)| fits(prefix)) {
        Some((_, context, output)) => {
            ModelLimits { context: Some(*context), output: Some(*output) }
        }
        None => ModelLimits::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_name_tells_its_provider_or_says_how_to_name_it() {
        for (given, expected) in [
            ("openai/gpt-5", ("openai", "gpt-5")),
            ("openrouter/anthropic/claude-sonnet-4", ("openrouter", "anthropic/claude-sonnet-4")),
            ("claude-sonnet-4-5", ("anthropic", "claude-sonnet-4-5")),
            ("gpt-4o", ("openai", "gpt-4o")),
            ("chatgpt-4o-latest", ("openai", "chatgpt-4o-latest")),
            ("o3", ("openai", "o3")),
            ("o4-mini", ("openai", "o4-mini")),
        ] {
            assert_eq!(split(given).unwrap(), expected);
        }
        for given in ["", "llama3.2", "o100", "/gpt-5", "openai/", "omni"] {
            let error = split(given).unwrap_err();
            assert_eq!(error.code().as_str(), "INVALID_ARGUMENT");
            assert!(error.hint().contains("openai/gpt-5"), "{given}");
        }
    }

    #[test]
    fn windows_are_known_by_family_and_unknown_models_have_none() {
        let window = |model| limits(model).context;
        assert_eq!(window("claude-sonnet-4-5-20250929"), Some(200_000));
        assert_eq!(limits("claude-opus-4-1").output, Some(32_000));
        assert_eq!(window("anthropic/claude-3-5-haiku-latest"), Some(200_000));
        assert_eq!(window("gpt-4.1-mini"), Some(1_047_576));
        assert_eq!(window("gpt-4"), Some(8_192));
        assert_eq!(window("gpt-4o-mini"), Some(128_000));
        assert_eq!(window("o3-mini"), Some(200_000));
        assert_eq!(window("llama3.2"), None);
        assert_eq!(window("gpt-45"), None);
    }
}

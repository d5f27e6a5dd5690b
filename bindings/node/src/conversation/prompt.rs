//! Prompt templates.

use std::collections::BTreeMap;

use napi_derive::napi;
use opencode_sessions::conversation::{DEFAULT_SYSTEM_PROMPT, PromptTemplate};
use serde::Deserialize;

use crate::calls::{here, read};

/// A template of the core.
#[napi]
pub struct NativePrompt {
    template: PromptTemplate,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct Described {
    role: String,
    language: String,
    framework: String,
    style: String,
}

#[napi]
impl NativePrompt {
    #[napi(factory)]
    pub fn create(described: String) -> napi::Result<Self> {
        here(|| {
            let Described { role, language, framework, style } = read(&described)?;
            Ok(Self { template: PromptTemplate::create(&role, &language, &framework, &style) })
        })
    }

    #[napi(factory)]
    pub fn of(text: String) -> Self {
        Self { template: PromptTemplate::new(text) }
    }

    /// With these fields, as JSON text, before those given earlier.
    #[napi]
    pub fn render(&self, fields: String) -> napi::Result<String> {
        here(|| {
            let fields: BTreeMap<String, String> = read(&fields)?;
            let filled = fields
                .into_iter()
                .fold(self.template.clone(), |template, (name, value)| template.with(name, value));
            filled.render()
        })
    }

    /// The system prompt of a conversation that was given none.
    #[napi]
    pub fn usual() -> &'static str {
        DEFAULT_SYSTEM_PROMPT
    }
}

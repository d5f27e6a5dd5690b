//! Chat completions, as OpenAI and most other servers speak them.

mod answer;
mod body;
mod dialect;

use std::fmt;
use std::sync::Arc;

use self::answer::ChatReader;
use self::dialect::Dialect;
use super::answer::ask;
use super::known::{self, Known};
use super::link::{KeyHeader, Link};
use super::{
    ModelLimits, ModelProvider, ProviderBuilder, ProviderOptions, ProviderRequest, ProviderStream,
};
use crate::error::Result;
use crate::model::Map;

/// A server that speaks OpenAI's chat completions: OpenAI itself, or with a `base_url` Ollama,
/// vLLM, llama.cpp, OpenRouter, …
///
/// ```
/// use opencode_sessions::provider::OpenAi;
///
/// let ollama = OpenAi::builder().base_url("http://127.0.0.1:11434/v1").build()?;
/// # Ok::<(), opencode_sessions::OpencodeError>(())
/// ```
pub struct OpenAi {
    link: Arc<Link>,
    dialect: Dialect,
    /// More fields of each request.
    extra: Map,
}

impl OpenAi {
    /// From `OPENAI_API_KEY` and `OPENAI_BASE_URL`, where the builder is not told otherwise. The
    /// address ends where `/chat/completions` begins: `https://api.openai.com/v1`.
    pub fn builder() -> ProviderBuilder<Self> {
        ProviderBuilder::new(Self::new)
    }

    /// The same from options.
    pub fn new(options: ProviderOptions) -> Result<Self> {
        Self::of(&known::OPENAI, options)
    }

    pub(super) fn of(known: &Known, options: ProviderOptions) -> Result<Self> {
        let link = Link::new(&options, known, &KeyHeader::Bearer)?;
        let link = link.at("/chat/completions").with_optional("stream_options");
        let dialect = Dialect::of(known.name, link.url.host_str().unwrap_or_default());
        Ok(Self { link: Arc::new(link), dialect, extra: options.body })
    }

    /// Of the two names of the longest answer's length, the one that is understood: the newer one
    /// by OpenAI, whose newer models refuse the older; the older one by everybody else.
    fn length_field(&self, model: &str) -> &'static str {
        let host = self.link.url.host_str().unwrap_or_default();
        let is_theirs = host.ends_with(".openai.com") || host.ends_with(".openai.azure.com");
        match is_theirs || known::thinks_at_openai(model) {
            true => "max_completion_tokens",
            false => "max_tokens",
        }
    }
}

impl ModelProvider for OpenAi {
    fn name(&self) -> &str {
        &self.link.name
    }

    fn stream(&self, request: ProviderRequest) -> ProviderStream {
        let body = body::of(&request, self.dialect, self.length_field(&request.model), &self.extra);
        let about = request.messages.last().map_or(&request.session_id, |last| &last.id);
        let reader = ChatReader::new(&self.link.name, about);
        ask(Arc::clone(&self.link), body, request.session_id, reader)
    }

    fn limits(&self, model: &str) -> ModelLimits {
        known::limits(model)
    }
}

impl fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAi").field("link", &self.link).finish_non_exhaustive()
    }
}

//! Anthropic's messages.

mod answer;
mod body;

use std::fmt;
use std::sync::Arc;

use self::answer::MessageReader;
use super::answer::ask;
use super::known;
use super::link::{KeyHeader, Link};
use super::{
    ModelLimits, ModelProvider, ProviderBuilder, ProviderOptions, ProviderRequest, ProviderStream,
};
use crate::error::Result;
use crate::model::Map;

/// The version of the interface that is spoken here.
const VERSION: &str = "2023-06-01";

/// Before the content of a hidden thought where a signature stands: the thought has no text, and
/// goes back as it came. No signature has a colon in it.
const REDACTED: &str = "redacted_thinking:";

/// Anthropic, or a server that speaks its messages.
///
/// A model thinks when the [body](ProviderBuilder::body) says so:
/// `{"thinking": {"type": "enabled", "budget_tokens": 4000}}`.
pub struct Anthropic {
    link: Arc<Link>,
    /// More fields of each request.
    extra: Map,
}

impl Anthropic {
    /// From `ANTHROPIC_API_KEY` and `ANTHROPIC_BASE_URL`, where the builder is not told otherwise.
    /// The address ends where `/v1/messages` begins; one that ends in `/v1` will do.
    pub fn builder() -> ProviderBuilder<Self> {
        ProviderBuilder::new(Self::new)
    }

    /// The same from options.
    pub fn new(options: ProviderOptions) -> Result<Self> {
        let link = Link::new(&options, &known::ANTHROPIC, &KeyHeader::ApiKey)?;
        let has_version = link.url.path().trim_end_matches('/').ends_with("/v1");
        let link = link.at(if has_version { "/messages" } else { "/v1/messages" });
        let link = link.with_header("anthropic-version", VERSION);
        Ok(Self { link: Arc::new(link), extra: options.body })
    }
}

impl ModelProvider for Anthropic {
    fn name(&self) -> &str {
        &self.link.name
    }

    fn stream(&self, request: ProviderRequest) -> ProviderStream {
        let body = body::of(&request, self.limits(&request.model), &self.extra);
        let about = request.messages.last().map_or(&request.session_id, |last| &last.id);
        let reader = MessageReader::new(&self.link.name, about);
        ask(Arc::clone(&self.link), body, request.session_id, reader)
    }

    fn limits(&self, model: &str) -> ModelLimits {
        known::limits(model)
    }
}

impl fmt::Debug for Anthropic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Anthropic").field("link", &self.link).finish_non_exhaustive()
    }
}

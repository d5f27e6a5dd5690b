//! A store, a scripted model, and a conversation between them.

use std::sync::Arc;

use opencode_sessions::conversation::{
    Chunk, Conversation, ConversationOptions, ProviderChoice, ResponseStream,
};
use opencode_sessions::provider::{ModelProvider, ProviderRequest, Reply, Scripted};
use opencode_sessions::{OpencodeError, Role, SessionStorage};
use tempfile::TempDir;

pub(crate) struct Place {
    pub(crate) dir: TempDir,
    pub(crate) storage: SessionStorage,
    pub(crate) model: Arc<Scripted>,
}

/// A store of its own and a model with this script.
pub(crate) fn place(script: impl IntoIterator<Item = Reply>) -> Place {
    let dir = tempfile::tempdir().unwrap();
    let storage = SessionStorage::new(dir.path().join("store")).unwrap();
    Place { dir, storage, model: Arc::new(Scripted::new(script)) }
}

impl Place {
    pub(crate) fn options(&self) -> ConversationOptions {
        let model: Arc<dyn ModelProvider> = self.model.clone();
        ConversationOptions {
            model: Some("m1".to_owned()),
            provider: Some(ProviderChoice::Own(model)),
            storage: Some(self.storage.clone()),
            working_dir: Some(self.dir.path().to_owned()),
            ..ConversationOptions::default()
        }
    }

    pub(crate) fn conversation(&self) -> Conversation {
        Conversation::create(self.options()).unwrap()
    }

    /// What the model was asked the last time.
    pub(crate) fn asked(&self) -> ProviderRequest {
        self.model.asked().pop().unwrap()
    }
}

/// Everything a turn says, and how it ended.
pub(crate) async fn all(mut stream: ResponseStream) -> (Vec<Chunk>, Option<OpencodeError>) {
    let mut chunks = Vec::new();
    while let Some(next) = stream.next().await {
        match next {
            Ok(chunk) => chunks.push(chunk),
            Err(error) => return (chunks, Some(error)),
        }
    }
    (chunks, None)
}

/// The kinds of chunks, one after the other; texts that follow each other once.
pub(crate) fn kinds(chunks: &[Chunk]) -> Vec<String> {
    let mut kinds: Vec<String> = chunks
        .iter()
        .map(|chunk| serde_json::to_value(chunk).unwrap()["type"].as_str().unwrap().to_owned())
        .collect();
    kinds.dedup_by(|next, one| next == one && next == "text");
    kinds
}

/// Role and content of all that is stored.
pub(crate) fn said(conversation: &Conversation) -> Vec<(Role, String)> {
    let session = conversation.session().unwrap();
    session.messages.iter().map(|m| (m.role.clone(), m.content.clone())).collect()
}

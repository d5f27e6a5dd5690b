//! Files in messages (`FilePart`, `FilePartSource` in the OpenAPI document of 1.18.33).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use url::Url;

use super::extra;
use super::number;
use super::tagged::tagged;
use crate::model::Map;

/// A file in a message. `path` and `content` are not on the wire.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "file", remote = "Self")]
pub struct FilePart {
    /// `prt_…`
    #[serde(default)]
    pub id: String,
    #[serde(rename = "sessionID", default)]
    pub session_id: String,
    #[serde(rename = "messageID", default)]
    pub message_id: String,
    #[serde(default)]
    pub mime: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// `file:`, `data:` or anything else.
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<FilePartSource>,
    /// Where the file lies: the source's path, else that of a `file:` URL, else the file's name,
    /// else the URL unless it is a `data:` URL. Only for reading; derived while decoding.
    #[serde(skip)]
    pub path: String,
    /// The text to send with a prompt. Never set while decoding.
    #[serde(skip)]
    pub content: Option<String>,
    #[serde(flatten, deserialize_with = "extra::without_type")]
    pub extra: Map,
}

impl<'de> Deserialize<'de> for FilePart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut file = Self::deserialize(deserializer)?;
        file.path = file.derived_path();
        Ok(file)
    }
}

impl Serialize for FilePart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl FilePart {
    fn derived_path(&self) -> String {
        let source = self.source.as_ref().and_then(FilePartSource::path);
        if let Some(path) = source {
            return path.to_owned();
        }
        let file_url = || Url::parse(&self.url).ok()?.to_file_path().ok();
        if self.url.starts_with("file:")
            && let Some(path) = file_url()
        {
            return path.to_string_lossy().into_owned();
        }
        match &self.filename {
            Some(name) => name.clone(),
            None if self.url.starts_with("data:") => String::new(),
            None => self.url.clone(),
        }
    }
}

/// Where a file part came from.
#[derive(Debug, Clone, PartialEq)]
pub enum FilePartSource {
    File(FileSource),
    /// A symbol that a language server found.
    Symbol(Box<SymbolSource>),
    /// A resource of an MCP server.
    Resource(ResourceSource),
    /// A source this version does not know.
    Unknown {
        raw: Value,
    },
}

tagged!(FilePartSource by "type" {
    "file" => File.0,
    "symbol" => Symbol.0,
    "resource" => Resource.0,
});

impl FilePartSource {
    /// The file's path; a resource has none.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::File(source) => Some(&source.path),
            Self::Symbol(source) => Some(&source.path),
            Self::Resource(_) => None,
            Self::Unknown { raw } => raw.get("path")?.as_str(),
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "file")]
pub struct FileSource {
    pub text: SourceText,
    pub path: String,
    #[serde(flatten, deserialize_with = "extra::without_type")]
    pub extra: Map,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "symbol")]
pub struct SymbolSource {
    pub text: SourceText,
    pub path: String,
    pub range: SourceRange,
    pub name: String,
    /// The language server protocol's number of the symbol's kind.
    pub kind: u64,
    #[serde(flatten, deserialize_with = "extra::without_type")]
    pub extra: Map,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "resource")]
pub struct ResourceSource {
    pub text: SourceText,
    #[serde(rename = "clientName")]
    pub client_name: String,
    pub uri: String,
    #[serde(flatten, deserialize_with = "extra::without_type")]
    pub extra: Map,
}

/// The words of a prompt that name the source, and where in the prompt they stand.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceText {
    pub value: String,
    #[serde(with = "number")]
    pub start: f64,
    #[serde(with = "number")]
    pub end: f64,
    #[serde(flatten)]
    pub extra: Map,
}

/// From one place in a file to another.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceRange {
    pub start: Position,
    pub end: Position,
    #[serde(flatten)]
    pub extra: Map,
}

/// A place in a file, counted from 0.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    pub line: u64,
    pub character: u64,
    #[serde(flatten)]
    pub extra: Map,
}

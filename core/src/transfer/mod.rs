//! Placeholder until the transfer slice is merged.
use crate::error::{OpencodeError, Result};
use crate::model::Session;
use serde_json::Value;
pub fn from_directory(_m: Value, _n: Value, _s: Option<Value>) -> Result<Session> {
    Err(OpencodeError::invalid("not yet"))
}
pub struct DirectoryForm {
    pub metadata: Value,
    pub messages: Value,
    pub state: Value,
}
pub fn to_directory(_s: &Session) -> DirectoryForm {
    DirectoryForm { metadata: Value::Null, messages: Value::Null, state: Value::Null }
}

#[derive(Debug, Clone, Copy)]
pub enum Format {
    Native,
}
pub fn read(_: &Value) -> Result<Session> {
    Err(OpencodeError::invalid(""))
}
pub fn write(s: &Session, _f: Format) -> Value {
    s.to_value()
}

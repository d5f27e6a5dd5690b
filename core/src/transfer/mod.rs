//! Placeholder until the transfer slice is merged.
use crate::error::{OpencodeError, Result};
use crate::model::Session;
use serde_json::Value;
pub fn from_directory(_m: Value, _n: Value, _s: Option<Value>) -> Result<Session> {
    Err(OpencodeError::invalid("not yet"))
}

//! What the server lists: one odd item fails none of these.

use super::http::Lenient;
use super::types::diff::FileDiff;
use super::types::message::Message;
use super::types::permission::PermissionRequest;
use super::types::question::QuestionRequest;
use super::types::session::SessionInfo;
use super::types::todo::TodoItem;
use crate::model::Map;

macro_rules! lenient {
    ($($type:ty),+ $(,)?) => {
        $(impl Lenient for $type {
            fn extra(&mut self) -> &mut Map {
                &mut self.extra
            }
        })+
    };
}

lenient!(FileDiff, Message, PermissionRequest, QuestionRequest, SessionInfo, TodoItem);

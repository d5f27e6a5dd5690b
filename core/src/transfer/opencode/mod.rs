//! OpenCode's export, `{info, messages: [{info, parts}]}`, to and from a session.
//!
//! Promises:
//! - `write(read(x)) == x` as JSON values, whatever unknown fields, part types and odd values
//!   `x` holds.
//! - An edit made in between shows in what is written.
//! - `read(write(s))` has the messages, roles, contents and tool calls of `s`.
//!
//! How: [`to`] *makes* an export from a session's own fields. On reading, what was made differs
//! from what was given by a [`Patch`](patch::Patch), and that difference is all that is kept, in
//! `metadata["opencode"]`: no second copy of a text. On writing, the patch is laid on what is
//! made then, each piece of it only where the fields it was taken against have not changed. What
//! the made export could not tell of a session is added to it by [`own`].
//!
//! | OpenCode | session |
//! |---|---|
//! | `info.id, title, directory, agent, parentID, time` | `id, title, working_dir, agent, parent_id, created_at, updated_at` |
//! | `info.model {providerID, id}` | `model` as `provider/id`; without one, the last message's |
//! | `info.metadata` | `metadata`, key by key |
//! | `info.tokens, cost` | `usage` and the totals; without them, the sum of the messages' |
//! | message | a message of the same id |
//! | text parts, except ignored ones | `content`, joined by an empty line |
//! | reasoning parts | `reasoning`, signature included |
//! | file parts | `parts` |
//! | tool part | a call in `tool_calls`; when it has ended also a `tool` message after the message, and an invocation in `tool_history` |
//! | `tokens.output, finish, error` | `tokens, finish, error`; `interrupted` for a `MessageAbortedError` |
//!
//! OpenCode counts `input` without what came from or went to the cache, and `output` without
//! reasoning; a session's prompt tokens are all three inputs, its completion tokens both outputs.
//!
//! Written for OpenCode, a system message is a `user` message whose text is `synthetic`; so is
//! one of any other role, and a tool's result that answers no call.

mod calls;
mod from;
mod from_message;
mod id;
mod kept;
mod own;
mod patch;
mod to;
mod to_message;

use serde_json::Value;

use crate::error::Result;
use crate::model::{Session, check_value};

/// Where a session and its messages keep what of OpenCode's has no field of its own.
const KEPT: &str = "opencode";
/// Where, in an export's `info.metadata`, that is which OpenCode has no field for.
const OWN: &str = "opencode_sessions";
/// Between text parts, joined to one content.
const PARAGRAPH: &str = "\n\n";

/// The session in an OpenCode export.
pub(super) fn read(value: &Value) -> Result<Session> {
    check_value("an OpenCode export", value)?;
    if let Some((told, rest)) = own::split(value) {
        // What claims to be ours may be anything. It is, when it leads back to the same export.
        if let Ok(session) = from::session(&rest, Some(&told))
            && write(&session) == *value
        {
            return Ok(session);
        }
    }
    from::session(value, None)
}

/// The OpenCode export of a session.
pub(super) fn write(session: &Session) -> Value {
    let made = to::export(session);
    own::add(session, made)
}

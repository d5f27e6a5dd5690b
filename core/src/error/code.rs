//! The stable codes and the one table behind them.

/// The stable codes, in the order of [`ErrorCode::TABLE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    SessionNotFound,
    SessionCorrupted,
    SessionLocked,
    UnsupportedVersion,
    LocksUnsupported,
    SessionConflict,
    InvalidId,
    Storage,
    NoActiveSession,
    InvalidArgument,
    NotFound,
    Conflict,
    InvalidRequest,
    Unauthorized,
    Server,
    RateLimit,
    Connection,
    Timeout,
    Decode,
    ActionRequired,
    ContextLengthExceeded,
    ProviderAuth,
    ProviderError,
    Cancelled,
    ToolError,
    Busy,
    NotSupported,
}

/// What the table says of one code.
#[derive(Debug)]
pub struct CodeEntry {
    /// The code's variant.
    pub code: ErrorCode,
    /// The text machines compare, `SESSION_NOT_FOUND`.
    pub name: &'static str,
    /// The Python class raised for it, in `opencode.errors`.
    pub python: &'static str,
    /// When it happens.
    pub when: &'static str,
    /// What the person can do, unless the error knows better.
    pub hint: &'static str,
}

impl ErrorCode {
    /// The table every language and `docs/errors.md` follow.
    pub const TABLE: &'static [CodeEntry] = &[
        CodeEntry {
            code: Self::SessionNotFound,
            name: "SESSION_NOT_FOUND",
            python: "SessionNotFoundError",
            when: "no such session here",
            hint: "list_sessions() shows what is in the store; restore() brings back a trashed one",
        },
        CodeEntry {
            code: Self::SessionCorrupted,
            name: "SESSION_CORRUPTED",
            python: "SessionCorruptedError",
            when: "the session's files cannot be read as a session",
            hint: "recover_from_backup(id) rebuilds it from the backup and the journal",
        },
        CodeEntry {
            code: Self::SessionLocked,
            name: "SESSION_LOCKED",
            python: "SessionLockedError",
            when: "another writer holds the session; the message names pid, host and since when",
            hint: "close it there, wait with wait=seconds, or load() a copy to read",
        },
        CodeEntry {
            code: Self::UnsupportedVersion,
            name: "UNSUPPORTED_VERSION",
            python: "SessionStorageError",
            when: "written by a newer version: it can be read, not written",
            hint: "upgrade opencode-sessions",
        },
        CodeEntry {
            code: Self::LocksUnsupported,
            name: "LOCKS_UNSUPPORTED",
            python: "SessionStorageError",
            when: "the store is on a file system without working locks: reading works, writing does not",
            hint: "put the store on a local disk",
        },
        CodeEntry {
            code: Self::SessionConflict,
            name: "SESSION_CONFLICT",
            python: "SessionConflictError",
            when: "saved over a newer revision, or an import of an id that exists",
            hint: "load the session again and repeat the edit; an import takes on_conflict=",
        },
        CodeEntry {
            code: Self::InvalidId,
            name: "INVALID_ID",
            python: "InvalidSessionIdError",
            when: "not an id, or a prefix that several sessions share",
            hint: "an id is 1 to 128 letters, digits, '-' or '_'",
        },
        CodeEntry {
            code: Self::Storage,
            name: "STORAGE",
            python: "SessionStorageError",
            when: "disk full, I/O error, missing permission; with the operating system's reason",
            hint: "see the reason; nothing acknowledged was lost, and the call changed nothing",
        },
        CodeEntry {
            code: Self::NoActiveSession,
            name: "NO_ACTIVE_SESSION",
            python: "NoActiveSessionError",
            when: "a call that needs a current session",
            hint: "create() or resume() one first",
        },
        CodeEntry {
            code: Self::InvalidArgument,
            name: "INVALID_ARGUMENT",
            python: "InvalidArgumentError",
            when: "a wrong option or value; the message lists the valid ones",
            hint: "see the message for what is valid",
        },
        CodeEntry {
            code: Self::NotFound,
            name: "NOT_FOUND",
            python: "NotFoundError",
            when: "the server knows no such session, message, part or request (404)",
            hint: "list() shows the sessions of the client's directory; all_projects those of every directory",
        },
        CodeEntry {
            code: Self::Conflict,
            name: "CONFLICT",
            python: "ConflictError",
            when: "the session is in no state for it: busy, running, not running (409, or this client's own check)",
            hint: "wait_idle(id) waits for a running turn, abort(id) ends it",
        },
        CodeEntry {
            code: Self::InvalidRequest,
            name: "INVALID_REQUEST",
            python: "InvalidRequestError",
            when: "the server or this client refused what was asked (400, 422); the message names the field",
            hint: "see the message for the field",
        },
        CodeEntry {
            code: Self::Unauthorized,
            name: "UNAUTHORIZED",
            python: "UnauthorizedError",
            when: "wrong or missing user name or password (401, 403)",
            hint: "set the password: OPENCODE_SERVER_PASSWORD, or password= of the client",
        },
        CodeEntry {
            code: Self::Server,
            name: "SERVER",
            python: "ServerError",
            when: "the server failed (5xx); with the reference of its log entry",
            hint: "look for the reference in the server's log (~/.local/share/opencode/log)",
        },
        CodeEntry {
            code: Self::RateLimit,
            name: "RATE_LIMIT",
            python: "RateLimitError",
            when: "too many requests (429), of the server or of the model's provider; with retry_after in seconds",
            hint: "wait for retry_after seconds",
        },
        CodeEntry {
            code: Self::Connection,
            name: "CONNECTION",
            python: "ConnectionFailedError",
            when: "no answer at all, or one that was cut off",
            hint: "is the server running? start it with: opencode serve",
        },
        CodeEntry {
            code: Self::Timeout,
            name: "TIMEOUT",
            python: "RequestTimeoutError",
            when: "the time ran out; the message says which one",
            hint: "give it more time: timeout= of the client or of the call",
        },
        CodeEntry {
            code: Self::Decode,
            name: "DECODE",
            python: "DecodeError",
            when: "the answer cannot be read; the message has the path in the JSON",
            hint: "is this address an OpenCode server, of version 1.2 or later?",
        },
        CodeEntry {
            code: Self::ActionRequired,
            name: "ACTION_REQUIRED",
            python: "ActionRequiredError",
            when: "a turn waits for a permission or a question that nobody answers; with the request",
            hint: "answer it with permissions.reply or questions.reply, or set on_permission and on_question",
        },
        CodeEntry {
            code: Self::ContextLengthExceeded,
            name: "CONTEXT_LENGTH_EXCEEDED",
            python: "ContextLengthExceededError",
            when: "the conversation does not fit into the model's context window",
            hint: "summarize the session, or use a model with a larger window",
        },
        CodeEntry {
            code: Self::ProviderAuth,
            name: "PROVIDER_AUTH",
            python: "ProviderAuthError",
            when: "the model's provider refused the key, or there is none",
            hint: "set the provider's key, such as OPENAI_API_KEY; on an OpenCode server: opencode auth login",
        },
        CodeEntry {
            code: Self::ProviderError,
            name: "PROVIDER_ERROR",
            python: "ProviderError",
            when: "the model or its provider failed; with its own words",
            hint: "see the message; the provider's status page may say more",
        },
        CodeEntry {
            code: Self::Cancelled,
            name: "CANCELLED",
            python: "CancelledError",
            when: "the turn was aborted before it was through",
            hint: "what was said until then is in the session; prompt again to go on",
        },
        CodeEntry {
            code: Self::ToolError,
            name: "TOOL_ERROR",
            python: "ToolError",
            when: "a tool failed, and tool_errors is \"raise\"",
            hint: "the message has the tool and its error; the session can be gone on with",
        },
        CodeEntry {
            code: Self::Busy,
            name: "BUSY",
            python: "BusyError",
            when: "the conversation has a turn that is not over, and busy is \"error\"",
            hint: "wait for the turn's stream, or end() it",
        },
        CodeEntry {
            code: Self::NotSupported,
            name: "NOT_SUPPORTED",
            python: "NotSupportedError",
            when: "the provider cannot do that; an OpenCode server keeps its own history and tools",
            hint: "see which provider can, in the conversation guide",
        },
    ];

    /// This code's row.
    pub fn entry(self) -> &'static CodeEntry {
        // The table is in the enum's order; `the_table_follows_the_enum` holds that.
        &Self::TABLE[self as usize]
    }

    /// The text machines compare, `SESSION_NOT_FOUND`.
    pub fn as_str(self) -> &'static str {
        self.entry().name
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_follows_the_enum() {
        for (position, entry) in ErrorCode::TABLE.iter().enumerate() {
            assert_eq!(entry.code as usize, position, "{}", entry.name);
        }
    }
}

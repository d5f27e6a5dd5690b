//! The tools a session may use, as rules of the server.

use crate::model::Map;
use crate::server::types::permission::{PermissionAction, PermissionRule};

/// What the server's own tools ask leave for (`PermissionConfig` of its OpenAPI document), but for
/// `external_directory` and `doom_loop`, which are about how tools are used.
pub(super) const KEYS: &[&str] = &[
    "read",
    "edit",
    "glob",
    "grep",
    "list",
    "bash",
    "task",
    "todowrite",
    "todoread",
    "question",
    "webfetch",
    "websearch",
    "codesearch",
    "lsp",
    "skill",
];

/// The server's keys for a tool's everyday name.
fn keys(tool: &str) -> Vec<&str> {
    match tool {
        "file" => vec!["read", "list", "edit"],
        "shell" => vec!["bash"],
        "grep" => vec!["grep", "glob"],
        key => vec![key],
    }
}

/// Rules that deny what is not listed. `offered` are the tools the server has besides its own,
/// such as those of MCP servers. What is listed gets no rule, so that the server's own hold.
pub(super) fn rules(tools: &[String], offered: &[String]) -> Vec<PermissionRule> {
    let allowed: Vec<&str> = tools.iter().flat_map(|tool| keys(tool)).collect();
    let known = KEYS.iter().copied();
    // Writing and patching ask for `edit`; `invalid` is how the server answers broken calls.
    let others = offered.iter().map(String::as_str).filter(|tool| {
        !KEYS.contains(tool)
            && !matches!(*tool, "write" | "patch" | "apply_patch" | "multiedit" | "invalid")
    });
    known.chain(others).filter(|key| !allowed.contains(key)).map(deny).collect()
}

fn deny(key: &str) -> PermissionRule {
    PermissionRule {
        permission: key.to_owned(),
        pattern: "*".to_owned(),
        action: PermissionAction::Deny,
        extra: Map::new(),
    }
}

//! A working directory with something beside it, and calls of tools in it.

use std::fs;
use std::path::{Path, PathBuf};

use opencode_sessions::conversation::tools::{Tool, ToolContext, ToolOutcome};
use serde_json::{Value, json};

use crate::support::place;

pub(crate) struct Work {
    _top: tempfile::TempDir,
    pub(crate) dir: PathBuf,
    /// Beside `dir`, with `secret.txt` in it.
    pub(crate) outside: PathBuf,
}

impl Work {
    pub(crate) fn new() -> Self {
        let top = place();
        let real = top.path().canonicalize().unwrap();
        let (dir, outside) = (real.join("work"), real.join("outside"));
        fs::create_dir(&dir).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("secret.txt"), "the secret\n").unwrap();
        Self { _top: top, dir, outside }
    }

    /// Makes a file, and the directories above it.
    pub(crate) fn put(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn link(&self, target: impl AsRef<Path>, name: &str) {
        std::os::unix::fs::symlink(target, self.dir.join(name)).unwrap();
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.dir.join(name)).unwrap()
    }

    pub(crate) fn context(&self) -> ToolContext {
        ToolContext::new("ses", &self.dir)
    }

    /// What somebody has to agree to.
    pub(crate) fn asks(&self, tool: &str, params: &Value) -> Option<String> {
        Tool::built_in(tool).unwrap().needs_approval(params, &self.context())
    }

    /// A call to which nobody agreed.
    pub(crate) async fn alone(&self, tool: &str, params: Value) -> ToolOutcome {
        self.run(tool, params, self.context()).await
    }

    /// A call to which somebody agreed, if that was needed.
    pub(crate) async fn agreed(&self, tool: &str, params: Value) -> ToolOutcome {
        let mut context = self.context();
        context.approved = self.asks(tool, &params);
        self.run(tool, params, context).await
    }

    pub(crate) async fn run(&self, tool: &str, params: Value, context: ToolContext) -> ToolOutcome {
        let tool = Tool::built_in(tool).unwrap();
        tool.check(&params).unwrap();
        tool.run(params, context).await
    }

    pub(crate) async fn bash(&self, command: &str) -> ToolOutcome {
        self.agreed("bash", json!({"command": command, "description": "tries it"})).await
    }

    /// No more and no less than this is in the working directory.
    pub(crate) fn assert_holds(&self, expected: &[&str]) {
        let mut names: Vec<String> = fs::read_dir(&self.dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, expected);
    }
}

/// What the model is told.
pub(crate) fn text(outcome: ToolOutcome) -> String {
    match outcome.unwrap() {
        Value::String(text) => text,
        other => panic!("not a text: {other}"),
    }
}

/// The same where it is told that something went wrong.
pub(crate) fn wrong(outcome: ToolOutcome) -> String {
    outcome.unwrap_err()
}

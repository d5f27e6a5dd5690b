//! The real OpenCode server with a scripted model, started by `tests/servers/rig.mjs`.
//!
//! Its README says what the model does on which message, and what each command here means.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};

use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One real server, its model and its share service. They end when this is dropped, or with the
/// test program.
pub(crate) struct Rig {
    pub(crate) addresses: Addresses,
    process: Arc<Mutex<Process>>,
}

/// What the rig says of itself once everything is up.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Addresses {
    pub(crate) url: String,
    pub(crate) username: String,
    pub(crate) password: String,
    /// A git repository with one commit, where the server was started.
    pub(crate) directory: PathBuf,
    pub(crate) home: PathBuf,
    /// What everything lies below: gone when the rig is.
    pub(crate) root: PathBuf,
    pub(crate) model_url: String,
    pub(crate) share_url: String,
    pub(crate) version: String,
    /// The process of the server started first.
    pub(crate) pid: u32,
}

/// One request to the model.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct ModelRequest {
    /// `turn`, `title` or `summary`.
    pub(crate) kind: String,
    /// The last user message.
    pub(crate) prompt: String,
    pub(crate) system: String,
    /// How many messages the model was shown.
    pub(crate) messages: usize,
    pub(crate) tools: Vec<String>,
    pub(crate) status: u16,
    pub(crate) interrupted: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Shares {
    pub(crate) shares: Vec<Share>,
    pub(crate) requests: Vec<ShareRequest>,
}

/// What is shared at this moment.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Share {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) secret: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ShareRequest {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Value,
}

/// How a run of the `opencode` command line ended.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Rig {
    /// A rig of the test's own, for tests that stop the server or let sharing fail.
    pub(crate) async fn start() -> Self {
        blocking(Self::start_blocking).await
    }

    /// The rig that the tests of one binary share. Each takes a [project](Self::project) of its
    /// own, and none stops it or changes its share service.
    pub(crate) async fn shared() -> &'static Self {
        static SHARED: OnceLock<Rig> = OnceLock::new();
        // Never dropped: its standard input ends with this process, and it with that.
        blocking(|| SHARED.get_or_init(Self::start_blocking)).await
    }

    fn start_blocking() -> Self {
        let mut process = Process::start(&[]);
        let first = process.read_line();
        let addresses = serde_json::from_str(&first).unwrap();
        Self { addresses, process: Arc::new(Mutex::new(process)) }
    }

    /// A request with the server's password that goes past our client.
    #[expect(clippy::disallowed_methods, reason = "what the client is held against")]
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        reqwest::Client::new()
            .request(method, format!("{}{path}", self.addresses.url))
            .basic_auth(&self.addresses.username, Some(&self.addresses.password))
    }

    /// The process id of the rig itself.
    pub(crate) fn rig_pid(&self) -> u32 {
        self.process.lock().unwrap().child.id()
    }

    /// Stops the server and starts it again: same address, same home.
    pub(crate) async fn restart(&self) {
        self.command(json!({"command": "restart"})).await;
    }

    pub(crate) async fn stop_server(&self) {
        self.command(json!({"command": "stop_server"})).await;
    }

    pub(crate) async fn start_server(&self) {
        self.command(json!({"command": "start_server"})).await;
    }

    /// Lets the share service answer 500 until told otherwise.
    pub(crate) async fn share_fails(&self, on: bool) {
        self.command(json!({"command": "share_fails", "on": on})).await;
    }

    pub(crate) async fn shares(&self) -> Shares {
        self.ask(json!({"command": "shares"})).await
    }

    /// What the model was asked, oldest first, where the prompt contains this text.
    pub(crate) async fn model_requests(&self, containing: &str) -> Vec<ModelRequest> {
        let answer = self.command(json!({"command": "model_requests", "containing": containing}));
        serde_json::from_value(answer.await["requests"].take()).unwrap()
    }

    /// Everything that asked for an address outside. There should be nothing.
    pub(crate) async fn outside_requests(&self) -> Vec<String> {
        let mut answer = self.command(json!({"command": "outside_requests"})).await;
        serde_json::from_value(answer["requests"].take()).unwrap()
    }

    /// One more answer of the model, before all others: an entry as in `fixtures.json`.
    pub(crate) async fn add_fixture(&self, fixture: Value) {
        self.command(json!({"command": "add_fixture", "fixture": fixture})).await;
    }

    /// A new git repository with one commit. A rig has each name once.
    pub(crate) async fn project(&self, name: &str) -> PathBuf {
        self.project_with(name, Value::Null).await
    }

    /// A new project with this `opencode.json`.
    pub(crate) async fn project_with(&self, name: &str, config: Value) -> PathBuf {
        let command = json!({"command": "project", "name": name, "config": config});
        serde_json::from_value(self.command(command).await["directory"].take()).unwrap()
    }

    /// A new home, for [`Self::cli_in`].
    pub(crate) async fn open_home(&self) -> PathBuf {
        let mut answer = self.command(json!({"command": "open_home"})).await;
        serde_json::from_value(answer["home"].take()).unwrap()
    }

    /// Runs `opencode ARGS` with the server's own home.
    pub(crate) async fn cli(&self, args: &[&str]) -> Ran {
        self.ask(json!({"command": "cli", "args": args})).await
    }

    /// Runs `opencode ARGS` with another home.
    pub(crate) async fn cli_in(&self, home: &Path, args: &[&str]) -> Ran {
        self.ask(json!({"command": "cli", "args": args, "home": home})).await
    }

    /// The real server's log, to find out why a test failed.
    pub(crate) async fn log(&self) -> String {
        let mut answer = self.command(json!({"command": "log"})).await;
        serde_json::from_value(answer["log"].take()).unwrap()
    }

    async fn ask<T: DeserializeOwned>(&self, command: Value) -> T {
        serde_json::from_value(self.command(command).await).unwrap()
    }

    async fn command(&self, command: Value) -> Value {
        command_of(&self.process, command).await
    }
}

/// The scripted model alone, for those who ask it without a server between.
pub(crate) struct Model {
    pub(crate) url: String,
    process: Arc<Mutex<Process>>,
}

impl Model {
    pub(crate) async fn start() -> Self {
        blocking(|| {
            let mut process = Process::start(&["model"]);
            let first: Value = serde_json::from_str(&process.read_line()).unwrap();
            let url = first["model_url"].as_str().unwrap().to_owned();
            Self { url, process: Arc::new(Mutex::new(process)) }
        })
        .await
    }

    /// One more answer, before all others: an entry as in `fixtures.json`.
    pub(crate) async fn add_fixture(&self, fixture: Value) {
        let command = json!({"command": "add_fixture", "fixture": fixture});
        command_of(&self.process, command).await;
    }
}

async fn command_of(process: &Arc<Mutex<Process>>, command: Value) -> Value {
    let process = Arc::clone(process);
    let answer = blocking(move || {
        let mut process = process.lock().unwrap();
        process.write_line(&command.to_string());
        process.read_line()
    });
    let answer: Value = serde_json::from_str(&answer.await).unwrap();
    assert_eq!(answer["ok"], true, "the rig says: {}", answer["error"]);
    answer
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn start(args: &[&str]) -> Self {
        let servers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/servers");
        assert!(
            servers.join("node_modules").is_dir(),
            "the real server is not installed: `cargo xtask test` does that (it needs Node)"
        );
        let mut child = Command::new("node")
            .arg(servers.join("rig.mjs"))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("Node does not start ({error}); `cargo xtask test` says what is missing")
            });
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, input, output }
    }

    fn write_line(&mut self, line: &str) {
        writeln!(self.input.as_ref().unwrap(), "{line}").unwrap();
    }

    fn read_line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "the rig ended; what it wrote above says why");
        line
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.input = None;
        // When even waiting fails there is nothing left to end.
        let _ended = self.child.wait();
    }
}

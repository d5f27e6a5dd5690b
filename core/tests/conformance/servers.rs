//! What a case's client speaks to: the real server, or answers given as data.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use opencode_sessions::{Client, ClientBuilder};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::runtime::wait;
use crate::support::rig::Rig;
use crate::support::scripted::{Reply, Request, Scripted};

/// `server` of a case.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Described {
    Opencode(Real),
    Answers(Vec<Answer>),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Real {
    #[serde(default)]
    fixtures: Vec<Value>,
    project: Option<Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    method: String,
    path: String,
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    json: Option<Value>,
    text: Option<String>,
    #[serde(default)]
    cut: bool,
    #[serde(default)]
    hangs: bool,
}

pub(crate) enum Server {
    Real { rig: &'static Rig, directory: PathBuf },
    Answers { url: String, server: Mutex<Option<Scripted>> },
}

impl Server {
    /// `name` is the project's, if it is to have one.
    pub(crate) fn begin(described: &Described, name: &str) -> Self {
        match described {
            Described::Answers(answers) => {
                let server = wait(Scripted::start(answering(answers)));
                Self::Answers { url: server.url().to_owned(), server: Mutex::new(Some(server)) }
            }
            Described::Opencode(real) => {
                let rig = wait(Rig::shared());
                add_fixtures(rig, &real.fixtures);
                let directory = match &real.project {
                    Some(config) => wait(rig.project_with(name, config.clone())),
                    None => rig.addresses.directory.clone(),
                };
                Self::Real { rig, directory }
            }
        }
    }

    /// A client of it, with no options of its own.
    pub(crate) fn builder(&self) -> ClientBuilder {
        match self {
            Self::Answers { url, .. } => Client::builder().base_url(url),
            Self::Real { rig, directory } => {
                let at = &rig.addresses;
                let builder = Client::builder().base_url(&at.url).directory(text(directory));
                builder.username(&at.username).password(&at.password)
            }
        }
    }

    /// What it was asked: `[{method, path, query, json}]`.
    pub(crate) fn requests(&self) -> Vec<Value> {
        let Self::Answers { server, .. } = self else { panic!("the real server keeps no notes") };
        let server = server.lock().unwrap_or_else(PoisonError::into_inner);
        server.iter().flat_map(Scripted::requests).map(|request| shown(&request)).collect()
    }

    /// Nobody answers any more.
    pub(crate) fn stop(&self) {
        let Self::Answers { server, .. } = self else { panic!("the real server is all cases'") };
        let server = server.lock().unwrap_or_else(PoisonError::into_inner).take();
        wait(async {
            if let Some(server) = server {
                server.stop().await;
            }
        });
    }
}

/// Each goes before those that are there, so the first of these is to be the last to go.
pub(crate) fn add_fixtures(rig: &Rig, fixtures: &[Value]) {
    for fixture in fixtures.iter().rev() {
        wait(rig.add_fixture(fixture.clone()));
    }
}

pub(crate) fn text(path: &std::path::Path) -> &str {
    path.to_str().unwrap()
}

/// In order for each method and path, the last one again and again.
fn answering(answers: &[Answer]) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    let mut left: HashMap<String, VecDeque<Answer>> = HashMap::new();
    for answer in answers {
        let route = format!("{} {}", answer.method, answer.path);
        left.entry(route).or_default().push_back(answer.clone());
    }
    let left = Mutex::new(left);
    move |request| {
        let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = left.get_mut(&request.route()).and_then(|answers| match answers.len() {
            1 => answers.front().cloned(),
            _ => answers.pop_front(),
        });
        answer.map_or_else(|| Reply::json(404, &json!({})), Answer::reply)
    }
}

impl Answer {
    fn reply(self) -> Reply {
        let status = self.status.unwrap_or(200);
        let body = self.text.or_else(|| Some(self.json?.to_string()));
        let mut headers = self.headers;
        headers.entry("content-type".to_owned()).or_insert_with(|| "application/json".to_owned());
        let headers: Vec<_> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        match (body, self.cut, self.hangs) {
            (None, true, _) => Reply::hang_up(),
            (None, _, true) => Reply::never(),
            (Some(body), true, _) => {
                // As long as it says, and one byte more.
                let whole = format!("{body}.");
                Reply::with(status, &headers, whole).cut_after(body.len())
            }
            (Some(body), _, true) => Reply::chunked(status, &headers, [body]).and_silence(),
            (body, _, _) => Reply::with(status, &headers, body.unwrap_or_default()),
        }
    }
}

fn shown(request: &Request) -> Value {
    let query = url::form_urlencoded::parse(request.query.as_bytes());
    let query: Map<String, Value> =
        query.map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect();
    let json = if request.body.is_empty() { Value::Null } else { request.json() };
    json!({"method": request.method, "path": request.path, "query": query, "json": json})
}

//! One request, before it is sent.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde::Serialize;
use url::Url;

use crate::error::{OpencodeError, Result};

/// What JavaScript's `encodeURIComponent` leaves alone, because the server undoes just that.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

/// How an answer is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// Its first byte and every next one within the read-idle time.
    Ordinary,
    /// As long as the turn takes.
    Turn,
}

/// A request: what is asked of which path, for which directory and session.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    pub(super) method: Method,
    path: String,
    query: Vec<(&'static str, Cow<'a, str>)>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) directory: Option<&'a str>,
    pub(super) session: Option<&'a str>,
    pub(super) bound: Bound,
    pub(super) timeout: Option<Duration>,
}

impl<'a> Call<'a> {
    fn new(method: Method, path: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            query: Vec::new(),
            body: None,
            directory: None,
            session: None,
            bound: Bound::Ordinary,
            timeout: None,
        }
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn post(path: &str) -> Self {
        Self::new(Method::POST, path)
    }

    pub(crate) fn patch(path: &str) -> Self {
        Self::new(Method::PATCH, path)
    }

    pub(crate) fn delete(path: &str) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// `/session/{id}`; `INVALID_REQUEST` for what cannot be a session's id.
    pub(crate) fn of_session(self, id: &'a str) -> Result<Self> {
        let mut call = self.under("session", "ses", id)?;
        call.session = Some(id);
        Ok(call)
    }

    /// One more segment with an id that has to begin with `prefix`.
    pub(crate) fn under(mut self, segment: &str, prefix: &str, id: &str) -> Result<Self> {
        if !id.starts_with(prefix) {
            let error = OpencodeError::invalid_request(
                &format!("{segment}ID"),
                format!("not a {segment} id: {id:?}"),
            );
            return Err(error.with_hint(format!("the server's {segment} ids begin with {prefix}")));
        }
        self.path = format!("{}/{segment}/{}", self.path, encoded(id));
        Ok(self)
    }

    /// A fixed last segment.
    pub(crate) fn then(mut self, segment: &str) -> Self {
        self.path = format!("{}/{segment}", self.path);
        self
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(body).map_err(|error| {
            OpencodeError::invalid(format!("the request cannot be written as JSON: {error}"))
        })?;
        self.body = Some(body);
        Ok(self)
    }

    pub(crate) fn in_directory(mut self, directory: Option<&'a str>) -> Self {
        self.directory = directory;
        self
    }

    /// The answer comes when a turn is through.
    pub(crate) fn of_turn(mut self) -> Self {
        self.bound = Bound::Turn;
        self
    }

    pub(crate) fn timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeout = timeout;
        self
    }

    /// Whether every OpenCode server that has sessions has this call.
    pub(super) fn is_of_all_sessions(&self) -> bool {
        self.path == "/session"
    }

    /// Whether sending it twice is the same as sending it once.
    pub(super) fn repeatable(&self) -> bool {
        matches!(self.method, Method::GET | Method::DELETE)
    }

    pub(super) fn is_deletion(&self) -> bool {
        self.method == Method::DELETE
    }

    pub(super) fn url(&self, base: &Url) -> Url {
        let mut url = base.clone();
        let root = base.path().trim_end_matches('/');
        url.set_path(&format!("{root}{}", self.path));
        let directory = self.directory.filter(|_| self.method == Method::GET);
        if !self.query.is_empty() || directory.is_some() {
            let mut pairs = url.query_pairs_mut();
            for (name, value) in &self.query {
                pairs.append_pair(name, value);
            }
            if let Some(directory) = directory {
                // The server decodes this value once more than the query itself.
                pairs.append_pair("directory", &encoded(directory));
            }
        }
        url
    }
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(call: &Call<'_>) -> String {
        call.url(&Url::parse("http://h:1/base/").unwrap()).to_string()
    }

    #[test]
    fn an_id_is_one_segment_of_the_path_whatever_is_in_it() {
        let call = Call::delete("").of_session("ses_../a b?c#d%2e").unwrap();
        assert_eq!(url(&call), "http://h:1/base/session/ses_..%2Fa%20b%3Fc%23d%252e");
        for id in ["", "..", ".", "/", "%2e%2e", "msg_1"] {
            assert!(Call::delete("").of_session(id).is_err(), "{id:?} is no session id");
        }
    }

    #[test]
    fn a_directory_is_in_the_query_of_a_get_encoded_as_the_server_decodes_it() {
        let directory = Some("/données 100% 日本/%20");
        let get = url(&Call::get("/session").in_directory(directory));
        let pairs = Url::parse(&get).unwrap();
        let (_, value) = pairs.query_pairs().next().unwrap();
        let decoded = percent_encoding::percent_decode_str(&value).decode_utf8().unwrap();
        assert_eq!(Some(&*decoded), directory);
        assert_eq!(url(&Call::post("/session").in_directory(directory)), "http://h:1/base/session");
    }
}

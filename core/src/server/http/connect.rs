//! The one place where an HTTP client is made.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use url::{Host, Url};

use crate::defaults;
use crate::error::{OpencodeError, Result};

/// Bounds in time, and how often is tried.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) connect: Duration,
    pub(crate) read_idle: Duration,
    /// Of a whole call, prompts too; `None`: no such bound.
    pub(crate) total: Option<Duration>,
    pub(crate) retries: u32,
    /// Of an answer, in bytes.
    pub(crate) answer: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: defaults::CONNECT_TIMEOUT,
            read_idle: defaults::READ_IDLE_TIMEOUT,
            total: None,
            retries: defaults::RETRIES,
            answer: defaults::ANSWER_CAP,
        }
    }
}

/// Where the server is, and what lets in there.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) base: Url,
    pub(crate) authorization: Option<HeaderValue>,
}

impl Address {
    /// `INVALID_ARGUMENT` for what is no address of a server. A user name and password in the
    /// address count when none are given beside it.
    pub(crate) fn new(base: &str, username: Option<&str>, password: Option<&str>) -> Result<Self> {
        let wrong = |reason: &str| {
            OpencodeError::invalid(format!(
                "{reason}; an address looks like {}",
                defaults::BASE_URL
            ))
        };
        // The text itself may hold a password, so errors do not repeat it.
        let mut base = Url::parse(base.trim())
            .map_err(|error| wrong(&format!("the server's address is not a URL ({error})")))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(wrong(&format!("the server's address begins with {}:", base.scheme())));
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(wrong("the server's address has a query or a fragment"));
        }
        let decoded = |text: &str| {
            percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
        };
        let username = username
            .map(str::to_owned)
            .or_else(|| Some(decoded(base.username())).filter(|name| !name.is_empty()));
        let password = password.map(str::to_owned).or_else(|| base.password().map(decoded));
        let _ = base.set_username("");
        let _ = base.set_password(None);
        let authorization = match password {
            Some(password) if !password.is_empty() => {
                let username = username.as_deref().unwrap_or(defaults::SERVER_USERNAME);
                Some(basic(username, &password)?)
            }
            _ => None,
        };
        Ok(Self { base, authorization })
    }
}

fn basic(username: &str, password: &str) -> Result<HeaderValue> {
    let pair = STANDARD.encode(format!("{username}:{password}"));
    let mut value = HeaderValue::from_str(&format!("Basic {pair}"))
        .map_err(|_| OpencodeError::invalid("the password cannot be sent in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

#[expect(clippy::disallowed_methods, reason = "the one constructor")]
pub(crate) fn client(base: &Url, limits: &Limits) -> Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("opencode-sessions/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limits.connect)
        .tcp_nodelay(true)
        // A redirect would send a prompt, and the password, a second time and elsewhere.
        .redirect(Policy::none())
        .retry(reqwest::retry::never());
    if is_loopback(base) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| {
        OpencodeError::connection(format!("no HTTP client can be made: {error}"), true)
            .with_hint("the system's certificates could not be read")
    })
}

fn is_loopback(base: &Url) -> bool {
    match base.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_the_address_is_used_and_leaves_it() {
        let address = Address::new("http://me:p%40ss@h:1/x", None, None).unwrap();
        assert_eq!(address.base.as_str(), "http://h:1/x");
        assert_eq!(address.authorization.unwrap(), format!("Basic {}", STANDARD.encode("me:p@ss")));
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for text in ["", "h:1", "ftp://u:secret@h", "http://u:secret@h/?a=1", "http://u:secret@ /"]
        {
            let error = Address::new(text, None, None).map(|_| ()).unwrap_err();
            assert_eq!(error.code().as_str(), "INVALID_ARGUMENT");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}

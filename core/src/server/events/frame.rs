//! From the data of a frame to an event.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::feed::Endpoint;
use crate::defaults::SSE_LINE;
use crate::error::{OpencodeError, Result};
use crate::server::surrogates;
use crate::server::types::event::Event;
use crate::sse::{Decoder, Frame};

/// What `/global/event` puts around an event.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    directory: Option<Cow<'a, str>>,
    #[serde(borrow)]
    payload: &'a RawValue,
}

#[derive(Deserialize)]
struct Tag<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
}

/// Reads one frame. `None` is one that is nobody's business here: of another directory than
/// `directory`, or the second copy that `/global/event` sends of what is durable.
pub(super) fn read(
    frame: &Frame<'_>,
    endpoint: Endpoint,
    directory: Option<&str>,
) -> Result<Option<Event>> {
    let data = text(frame)?;
    event(data, endpoint, directory).or_else(|error| match mended(data) {
        Some(data) => event(&data, endpoint, directory),
        None => Err(error),
    })
}

fn event(data: &str, endpoint: Endpoint, directory: Option<&str>) -> Result<Option<Event>> {
    match endpoint {
        Endpoint::Directory => Event::from_json(data).map(Some).map_err(|why| unreadable(&why)),
        Endpoint::Global => {
            let envelope: Envelope<'_> =
                serde_json::from_str(data).map_err(|why| unreadable(&why))?;
            unwrapped(envelope, directory)
        }
    }
}

/// The events of a recorded stream, as the bytes of `/event` or `/global/event` were received.
///
/// Exactly what was recorded: nothing is dropped but the `sync` copies of `/global/event`, and
/// [`Event::derived`] is not called. A frame that cannot be read is a `DECODE` error in its place,
/// and the next one follows; what stands behind the last blank line is not a frame.
///
/// ```
/// let recorded = b"data: {\"id\":\"evt_1\",\"type\":\"server.connected\",\"properties\":{}}\n\n";
/// for event in opencode_sessions::server::events::decode_all(recorded) {
///     assert_eq!(event?.kind(), "server.connected");
/// }
/// # Ok::<(), opencode_sessions::OpencodeError>(())
/// ```
pub fn decode_all(mut bytes: &[u8]) -> impl Iterator<Item = Result<Event>> {
    let mut decoder = Decoder::new(SSE_LINE);
    std::iter::from_fn(move || {
        loop {
            let frame = decoder.next(&mut bytes)?;
            if let Some(event) = recorded(&frame).transpose() {
                return Some(event);
            }
        }
    })
}

/// An event, or one in an envelope: the latter has no type of its own.
fn recorded(frame: &Frame<'_>) -> Result<Option<Event>> {
    let data = text(frame)?;
    let event = |data: &str| match Event::from_json(data) {
        Ok(event) => Ok(Some(event)),
        Err(why) => match serde_json::from_str(data) {
            Ok(envelope) => unwrapped(envelope, None),
            Err(_) => Err(unreadable(&why)),
        },
    };
    event(data).or_else(|error| match mended(data) {
        Some(data) => event(&data),
        None => Err(error),
    })
}

fn unwrapped(envelope: Envelope<'_>, wanted: Option<&str>) -> Result<Option<Event>> {
    let Envelope { directory, payload } = envelope;
    if let (Some(wanted), Some(directory)) = (wanted, &directory)
        && !same_directory(wanted, directory)
    {
        return Ok(None);
    }
    let tag: Tag<'_> = serde_json::from_str(payload.get()).map_err(|why| unreadable(&why))?;
    if tag.kind == "sync" {
        return Ok(None);
    }
    let mut event = Event::from_json(payload.get()).map_err(|why| unreadable(&why))?;
    event.set_directory(directory.map(Cow::into_owned));
    Ok(Some(event))
}

/// The same but for a separator at the end, and for which separator it is.
fn same_directory(one: &str, other: &str) -> bool {
    fn plain(path: &str) -> impl Iterator<Item = char> {
        let end = if path.len() > 1 { path.trim_end_matches(['/', '\\']) } else { path };
        end.chars().map(|c| if c == '\\' { '/' } else { c })
    }
    plain(one).eq(plain(other))
}

fn text<'a>(frame: &Frame<'a>) -> Result<&'a str> {
    match frame {
        Frame::Data(data) => Ok(data),
        Frame::NotUtf8 => Err(OpencodeError::decode("an event", "it is not UTF-8")),
        Frame::TooLong => {
            let reason = format!("it is longer than {} MiB", SSE_LINE >> 20);
            Err(OpencodeError::decode("an event", reason))
        }
    }
}

/// The data without halves of characters, if it has any.
fn mended(data: &str) -> Option<String> {
    String::from_utf8(surrogates::mended(data.as_bytes())?).ok()
}

fn unreadable(why: &serde_json::Error) -> OpencodeError {
    OpencodeError::decode("an event", why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_the_same_whatever_its_separators_and_its_end() {
        assert!(same_directory("/a/b", "/a/b/"));
        assert!(same_directory("C:\\a\\b", "C:/a/b"));
        assert!(same_directory("/", "/"));
        assert!(!same_directory("/a/b", "/a/b/c"));
        assert!(!same_directory("/a", "/b"));
    }
}

//! From the bytes of an answer to what a conversation hears.
//!
//! What came whole is delivered before the error that follows it. Calls come with the finish: of
//! an answer that is cut off, none is.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::BytesMut;
use futures_util::{StreamExt, stream};
use reqwest::Response;
use serde_json::Value;

use super::link::Link;
use super::{ProviderEvent, ProviderStream};
use crate::defaults::{MODEL_TAIL, SSE_LINE};
use crate::error::{OpencodeError, Result};
use crate::model::Map;
use crate::server::http::content_type;
use crate::server::surrogates::mended;
use crate::sse::{Decoder, Frame};

/// What is heard, in order.
pub(super) type Heard = VecDeque<ProviderEvent>;

/// How far an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// More of it must come.
    Open,
    /// Why the model stopped is known: what may come is no content.
    Finished,
    /// Nothing more comes.
    Done,
}

/// Reads one wire format.
pub(super) trait Reader: Send + 'static {
    /// Takes one piece of the answer, or the answer as a whole from who does not stream.
    fn read(&mut self, piece: &Value, heard: &mut Heard) -> Result<Progress>;

    /// The answer has ended: its calls and its finish. `announced` when its end was, by a mark of
    /// its own. Nothing and `false` for an answer that was cut off.
    fn end(&mut self, announced: bool, heard: &mut Heard) -> bool;
}

/// Asks when it is first polled.
pub(super) fn ask<R: Reader>(
    link: Arc<Link>,
    body: Map,
    session: String,
    reader: R,
) -> ProviderStream {
    let answer = Answer {
        link,
        session,
        reader,
        source: Source::Unasked(body),
        decoder: Decoder::new(SSE_LINE),
        heard: Heard::new(),
        failure: None,
        progress: Progress::Open,
        received: 0,
    };
    stream::unfold(answer, |mut answer| async move { Some((answer.next().await?, answer)) }).boxed()
}

struct Answer<R> {
    link: Arc<Link>,
    session: String,
    reader: R,
    source: Source,
    decoder: Decoder,
    heard: Heard,
    failure: Option<OpencodeError>,
    progress: Progress,
    /// In bytes.
    received: usize,
}

enum Source {
    Unasked(Map),
    Stream(Response),
    /// Of a server that does not stream, or answers with an error and the wrong status.
    Whole(Response, BytesMut),
    Over,
}

impl<R: Reader> Answer<R> {
    async fn next(&mut self) -> Option<Result<ProviderEvent>> {
        loop {
            if let Some(event) = self.heard.pop_front() {
                return Some(Ok(event));
            }
            if let Source::Over = self.source {
                let error = self.link.clean(self.failure.take()?);
                return Some(Err(match self.session.as_str() {
                    "" => error,
                    id => error.of_session(id),
                }));
            }
            if let Err(error) = self.advance().await {
                self.failure = Some(error);
                self.source = Source::Over;
            }
        }
    }

    async fn advance(&mut self) -> Result<()> {
        let patience = (self.progress == Progress::Finished).then_some(MODEL_TAIL);
        match &mut self.source {
            Source::Unasked(body) => {
                let response = self.link.open(std::mem::take(body)).await?;
                let kind = content_type(response.headers());
                self.source = if kind.starts_with("text/html") {
                    return Err(self.link.unreadable("it is a web page"));
                } else if kind.starts_with("application/json") {
                    Source::Whole(response, BytesMut::new())
                } else {
                    Source::Stream(response)
                };
                Ok(())
            }
            Source::Stream(response) => match self.link.chunk(response, patience).await {
                Ok(Some(bytes)) => {
                    self.count(bytes.len())?;
                    self.feed(&bytes, false)
                }
                Ok(None) => self.stream_ended(),
                // It said all that it had to say.
                Err(_) if self.progress == Progress::Finished => self.end(false, "it ended"),
                Err(error) => Err(error),
            },
            Source::Whole(response, body) => match self.link.chunk(response, None).await? {
                Some(bytes) => {
                    body.extend_from_slice(&bytes);
                    self.count(bytes.len())
                }
                None => {
                    let body = std::mem::take(body);
                    let text = std::str::from_utf8(&body)
                        .map_err(|_| self.link.unreadable("it is not UTF-8"))?;
                    let whole = json(text).map_err(|error| self.link.unreadable(error))?;
                    self.progress = self.reader.read(&whole, &mut self.heard)?;
                    self.end(false, "it has no end")
                }
            },
            Source::Over => Ok(()),
        }
    }

    fn count(&mut self, more: usize) -> Result<()> {
        self.received = self.received.saturating_add(more);
        let cap = self.link.cap;
        match self.received > cap {
            true => Err(self.link.unreadable(format!("it is larger than {cap} bytes"))),
            false => Ok(()),
        }
    }

    fn feed(&mut self, mut bytes: &[u8], is_last: bool) -> Result<()> {
        while let Some(frame) = self.decoder.next(&mut bytes) {
            let piece = match frame {
                Frame::Data(data) => match data.trim() {
                    "" => continue,
                    "[DONE]" => return self.end(true, "it had not begun"),
                    data => json(data),
                },
                Frame::NotUtf8 => Err("it is not UTF-8".to_owned()),
                Frame::TooLong => Err(format!("a line of it is longer than {SSE_LINE} bytes")),
            };
            let piece = piece.map_err(|reason| match is_last {
                true => self.link.cut("in the middle of a line"),
                false => self.link.unreadable(reason),
            })?;
            self.progress = self.reader.read(&piece, &mut self.heard)?;
            if self.progress == Progress::Done {
                return self.end(true, "");
            }
        }
        Ok(())
    }

    fn stream_ended(&mut self) -> Result<()> {
        // Not every server ends its last line.
        self.feed(b"\n\n", true)?;
        match self.source {
            Source::Over => Ok(()),
            _ => self.end(false, "it ended before the model had"),
        }
    }

    fn end(&mut self, announced: bool, otherwise: &str) -> Result<()> {
        self.source = Source::Over;
        match self.reader.end(announced, &mut self.heard) {
            true => Ok(()),
            false => Err(self.link.cut(otherwise)),
        }
    }
}

fn json(data: &str) -> Result<Value, String> {
    serde_json::from_str(data).or_else(|error| {
        mended(data.as_bytes())
            .and_then(|mended| serde_json::from_slice(&mended).ok())
            .ok_or_else(|| error.to_string())
    })
}

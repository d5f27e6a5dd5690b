//! The server's event stream: decoded from bytes, kept alive, bounded in memory.
//!
//! | file | holds |
//! |---|---|
//! | [`EventStream`] | what a caller reads |
//! | `driver` | the task behind it: connections, the watchdog, gaps |
//! | `feed` | where its bytes and the present state come from |
//! | `interest` | which events it delivers, and whose state it asks for after a gap |
//! | `queue`, `buffer` | what waits for a reader, bounded |
//! | `frame` | frames (of `crate::sse`) to events; [`decode_all`] for a recorded stream |

mod buffer;
mod driver;
mod feed;
mod frame;
#[cfg(feature = "failpoints")]
#[doc(hidden)]
pub mod fuzzing;
mod interest;
mod pause;
mod queue;
mod recent;
mod stream;

#[cfg(test)]
mod tests;

pub(crate) use feed::{ByteStream, Endpoint, Feed};
pub use frame::decode_all;
pub use stream::EventStream;
pub(crate) use stream::StreamOptions;

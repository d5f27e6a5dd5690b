//! The server's event stream: decoded from bytes, kept alive, bounded in memory.

mod sse;

#[cfg(test)]
mod tests;

//! The exact wire of the OpenCode server: what it sends round-trips without loss.
//!
//! Names end in `ID` as the server's do, unknown fields are kept, and what this version does not
//! know becomes an `Unknown` with its raw JSON.

//! The stream against a scripted server: every connection and every question is answered by the
//! test, and time stands still unless nothing else is to be done.

mod faults;
mod gaps;
mod places;
mod script;
mod sse;
mod stream;

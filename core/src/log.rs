//! The library's log, for programs that do not speak `tracing`.

use std::fmt::Write as _;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Metadata, Subscriber, span};

pub use tracing::Level;

/// Gives every warning and error that the library logs to a function, as one line of text. `false`
/// when the program listens to `tracing` already: then it has it all, and the function gets
/// nothing.
///
/// The function is called on whichever thread logs, maybe with a lock of the library held: it must
/// not call the library.
pub fn listen(listener: impl Fn(Level, String) + Send + Sync + 'static) -> bool {
    tracing::subscriber::set_global_default(Listener(listener)).is_ok()
}

struct Listener<F>(F);

impl<F: Fn(Level, String) + Send + Sync + 'static> Subscriber for Listener<F> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
            && metadata.level() <= &Level::WARN
            && metadata.target().starts_with("opencode_sessions")
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::WARN)
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        self.0(*event.metadata().level(), line.message + &line.fields);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// An event as one line: the message, then `field=value`.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        // Writing to a string does not fail.
        let _ = if field.name() == "message" {
            write!(self.message, "{value:?}")
        } else {
            write!(self.fields, " {}={value:?}", field.name())
        };
    }
}

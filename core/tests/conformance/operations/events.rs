//! `events.*`, `event.*`

use opencode_sessions::types::event::EventView;
use opencode_sessions::{Event, EventStream, Result};
use serde_json::{Value, json};

use super::Table;
use super::clients::{self, PATIENCE};
use crate::runtime::wait;
use crate::thing::{NOTHING, Thing, data};

pub(crate) const TABLE: Table = &[
    ("events.subscribe", |c| {
        let client = clients::about(c);
        Ok(Thing::Events(match c.args.get::<String>("session_id") {
            Some(id) => wait(client.subscribe_session(&id))?,
            None => wait(client.subscribe())?,
        }))
    }),
    ("events.next", |c| data(next(&given(c.on.clone()))?.as_ref().map(shown))),
    ("events.end", |c| {
        given(c.on.clone()).end();
        NOTHING
    }),
    ("event.of", |c| {
        data(shown(&Event::from_json(&c.args.need::<Value>("data").to_string()).unwrap()))
    }),
    ("event.to_dict", |c| {
        let told = c.on.as_ref().map(Thing::data).unwrap_or_default();
        data(shown(&Event::from_json(&told.to_string()).unwrap()))
    }),
];

pub(crate) const OWN: Table = &[("events.until", |c| {
    let kind = c.args.text("type");
    let events = given(c.args.thing("events").or_else(|| c.on.clone()));
    let mut seen = Vec::new();
    while let Some(event) = next(&events)? {
        seen.push(shown(&event));
        if event.kind() == kind {
            return data(seen);
        }
    }
    panic!("the stream ended before {kind}; it told {}", json!(seen));
})];

/// The next event; a stream that stays silent is ended.
fn next(events: &EventStream) -> Result<Option<Event>> {
    let coming = async { tokio::time::timeout(PATIENCE, events.recv()).await };
    wait(coming).unwrap_or_default().transpose()
}

/// The server's own JSON.
fn shown(event: &Event) -> Value {
    let view = EventView::of(event);
    view.wire.unwrap_or_else(|| {
        let mut shown = json!({"type": view.kind, "properties": view.properties});
        if let Some(id) = view.id {
            shown["id"] = id.into();
        }
        shown
    })
}

fn given(thing: Option<Thing>) -> EventStream {
    match thing {
        Some(Thing::Events(events)) => events,
        _ => panic!("it is no stream of events"),
    }
}

//! An event as other languages are given it.

use serde::Serialize;
use serde_json::Value;

use super::Event;
use crate::server::types::part::Part;

/// An event, with what is derived beside its properties.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EventView {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub session_id: Option<String>,
    pub directory: Option<String>,
    /// Read from a message or a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Read from a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part_id: Option<String>,
    /// Where the file of a file part lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The wire's, completed where an older server tells less.
    pub properties: Value,
    /// The event on the wire, unless it is `id`, `type` and these properties.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wire: Option<Value>,
}

impl EventView {
    pub fn of(event: &Event) -> Self {
        let (properties, differs) = event.whole_properties();
        let (message_id, part_id, path) = match event {
            Event::MessageUpdated { props } => (Some(props.message_id.clone()), None, None),
            Event::MessagePartUpdated { props } => {
                let path = match &props.part {
                    Part::File { file } => Some(file.path.clone()),
                    _ => None,
                };
                (Some(props.message_id.clone()), Some(props.part_id.clone()), path)
            }
            _ => (None, None, None),
        };
        Self {
            kind: event.kind().to_owned(),
            id: event.id().map(str::to_owned),
            session_id: event.session_id().map(str::to_owned),
            directory: event.directory().map(str::to_owned),
            message_id,
            part_id,
            path,
            properties,
            wire: differs.then(|| event.to_json()),
        }
    }

    /// As JSON text.
    ///
    /// # Errors
    /// None that this version knows: all of it came from JSON.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_derived_stands_beside_the_exact_wire() {
        let wire = json!({"id": "evt_1", "type": "message.part.updated", "properties": {
            "sessionID": "ses_1",
            "part": {"id": "prt_1", "sessionID": "ses_1", "messageID": "msg_1", "type": "file",
                     "mime": "text/plain", "url": "file:///p/a.rs"},
        }});
        let event = Event::from_json(&wire.to_string()).unwrap();
        let view = serde_json::to_value(EventView::of(&event)).unwrap();
        assert_eq!(view["properties"], wire["properties"]);
        assert_eq!(view["message_id"], "msg_1");
        assert_eq!(view["path"], "/p/a.rs");
        assert!(view.get("wire").is_none());
    }

    #[test]
    fn an_unknown_event_and_one_that_tells_less_keep_their_wire() {
        for wire in [
            json!({"type": "from.the.future", "properties": {"sessionID": "ses_1"}, "more": 1}),
            json!({"type": "session.updated", "properties": {"info": {"id": "ses_1"}}}),
        ] {
            let event = Event::from_json(&wire.to_string()).unwrap();
            let view = EventView::of(&event);
            assert_eq!(view.session_id.as_deref(), Some("ses_1"));
            assert_eq!(view.properties["sessionID"], "ses_1");
            assert!(view.wire.is_some());
        }
    }
}

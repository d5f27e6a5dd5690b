//! Instances of the schemas of an OpenAPI document, and whether our types give them back.
//!
//! [`round_trips`] takes any document of the server, so that it can be held against the one of a
//! running server (`GET /doc`) as well as against the copy in `tests/fixtures`.

use std::collections::HashMap;
use std::fmt::Debug;

use opencode_sessions::types::file::FilePartSource;
use opencode_sessions::types::message::{MessageModel, OutputFormat};
use opencode_sessions::types::part::TextPart;
use opencode_sessions::types::question::{QuestionInfo, QuestionOption};
use opencode_sessions::types::session::{GlobalSession, ProjectSummary, SessionInfo};
use opencode_sessions::types::tool::{ToolRef, ToolStateCompleted};
use opencode_sessions::types::{
    Event, FileDiff, FilePart, Message, MessageError, MessageInfo, Part, PermissionRequest,
    PermissionRule, QuestionRequest, RunStatus, TodoItem, ToolPart, ToolState,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// Instances made of each schema. Choices go round, so this is more than any union has members.
const INSTANCES: usize = 120;

/// The events that have a type of their own and stand in the document.
const TYPED: [&str; 25] = [
    "command.executed",
    "file.edited",
    "global.disposed",
    "message.part.delta",
    "message.part.removed",
    "message.part.updated",
    "message.removed",
    "message.updated",
    "permission.asked",
    "permission.replied",
    "question.asked",
    "question.rejected",
    "question.replied",
    "server.connected",
    "server.instance.disposed",
    "session.compacted",
    "session.created",
    "session.deleted",
    "session.diff",
    "session.error",
    "session.idle",
    "session.status",
    "session.updated",
    "todo.updated",
    "tui.session.select",
];

/// Panics unless every instance of every schema that our types cover comes back as it was, nothing
/// known became `Unknown`, and no field of the schema went unread into `extra`.
pub(crate) fn round_trips(document: &Value) {
    let mut generator = Generator::new(document);
    let of = &mut generator;
    check::<SessionInfo>(of, "Session");
    check::<GlobalSession>(of, "GlobalSession");
    check::<ProjectSummary>(of, "ProjectSummary");
    check::<RunStatus>(of, "SessionStatus");
    check::<TodoItem>(of, "Todo");
    check::<FileDiff>(of, "SnapshotFileDiff");
    check::<PermissionRequest>(of, "PermissionRequest");
    check::<Vec<PermissionRule>>(of, "PermissionRuleset");
    check::<QuestionRequest>(of, "QuestionRequest");
    check::<QuestionInfo>(of, "QuestionInfo");
    check::<QuestionOption>(of, "QuestionOption");
    check::<ToolRef>(of, "QuestionTool");
    check::<MessageInfo>(of, "Message");
    check::<MessageInfo>(of, "UserMessage");
    check::<MessageInfo>(of, "AssistantMessage");
    check::<OutputFormat>(of, "OutputFormat");
    check::<Part>(of, "Part");
    check::<TextPart>(of, "TextPart");
    check::<FilePart>(of, "FilePart");
    check::<FilePartSource>(of, "FilePartSource");
    check::<ToolPart>(of, "ToolPart");
    check::<ToolState>(of, "ToolState");
    check::<ToolStateCompleted>(of, "ToolStateCompleted");
    for part in of.members("Part") {
        check::<Part>(of, &part);
    }
    let mut errors = of.members_of(&of.schemas["AssistantMessage"]["properties"]["error"]);
    errors.retain(|name| name.ends_with("Error"));
    assert!(errors.len() >= 8, "the errors of a message: {errors:?}");
    for error in errors {
        check::<MessageError>(of, &error);
    }
    check_schema::<MessageModel>(of, &of.schemas["UserMessage"]["properties"]["model"], "model");
    let message = json!({
        "type": "object",
        "properties": {
            "info": {"$ref": "#/components/schemas/Message"},
            "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
        },
        "required": ["info", "parts"],
    });
    check_schema::<Message>(&mut Generator::new(document), &message, "a message with its parts");
    events(of);
}

fn events(of: &mut Generator<'_>) {
    let mut missing = TYPED.to_vec();
    for name in of.members("Event") {
        let schema = &of.schemas[&name];
        for strange in [false, true] {
            for _ in 0..INSTANCES {
                let wire = of.instance(schema, strange);
                let kind = wire["type"].as_str().unwrap();
                let event = Event::from_json(&wire.to_string()).unwrap();
                assert_same(&event.to_json(), &wire);
                assert_eq!(event.kind(), kind);
                assert_eq!(event.id(), wire["id"].as_str());
                assert_eq!(event.session_id(), wire["properties"]["sessionID"].as_str());
                if TYPED.contains(&kind) {
                    missing.retain(|typed| *typed != kind);
                    assert_all_read(&event, strange, &wire);
                } else {
                    assert!(matches!(event, Event::Unknown { .. }), "{kind} is typed: list it");
                }
            }
        }
    }
    assert!(missing.is_empty(), "not in the document: {missing:?}");
}

fn check<T: DeserializeOwned + Serialize + Debug>(of: &mut Generator<'_>, name: &str) {
    let schema = of.schemas.get(name).unwrap_or_else(|| panic!("no schema {name}"));
    check_schema::<T>(of, schema, name);
}

fn check_schema<'d, T: DeserializeOwned + Serialize + Debug>(
    of: &mut Generator<'d>,
    schema: &'d Value,
    name: &str,
) {
    for strange in [false, true] {
        for _ in 0..INSTANCES {
            let wire = of.instance(schema, strange);
            let ours: T = serde_json::from_str(&wire.to_string())
                .unwrap_or_else(|error| panic!("{name}: {error}\n{wire:#}"));
            assert_same(&serde_json::to_value(&ours).unwrap(), &wire);
            assert_all_read(&ours, strange, &wire);
            let of_value: T = serde_json::from_value(wire.clone()).unwrap();
            assert_same(&serde_json::to_value(&of_value).unwrap(), &wire);
        }
    }
}

/// Nothing known is `Unknown`; without strange fields nothing is left over.
fn assert_all_read(ours: &impl Debug, strange: bool, wire: &Value) {
    let shown = format!("{ours:?}");
    assert!(!shown.contains("Unknown {"), "became unknown: {shown}\n{wire:#}");
    assert!(strange || !shown.contains("extra: {\""), "a field went unread: {shown}\n{wire:#}");
}

#[track_caller]
pub(crate) fn assert_same(ours: &Value, wire: &Value) {
    assert!(same(ours, wire), "ours:\n{ours:#}\nwire:\n{wire:#}");
}

/// Equal as JavaScript sees it: 1 and 1.0 are the same number, the order of fields is no matter.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, one)| other.get(name).is_some_and(|it| same(one, it)))
        }
        _ => one == other,
    }
}

const STRINGS: [&str; 8] = [
    "",
    "plain",
    "Größe 漢字 \u{202e}rtl",
    "👩‍💻 \u{10ffff}",
    "\0\n\r\t\"\\/\u{7f}\u{2028}",
    "null",
    "{\"type\":\"text\"}",
    "../a%20b c",
];

const INTEGERS: [i64; 6] =
    [0, 1, 1_795_229_325_916, 9_007_199_254_740_991, -1, -9_007_199_254_740_991];

const NUMBERS: [f64; 10] = [
    0.0,
    1.0,
    0.1,
    1.5,
    1e-7,
    1e300,
    9_007_199_254_740_991.0,
    1_795_229_325_916.25,
    -1.0,
    -2.5e-10,
];

struct Generator<'d> {
    schemas: &'d Map<String, Value>,
    random: fastrand::Rng,
    /// How often each place in the document has chosen.
    turns: HashMap<*const Value, usize>,
}

impl<'d> Generator<'d> {
    fn new(document: &'d Value) -> Self {
        let schemas = document["components"]["schemas"].as_object().unwrap();
        Self { schemas, random: fastrand::Rng::with_seed(1), turns: HashMap::new() }
    }

    /// The names of the schemas that the union `name` is made of.
    fn members(&self, name: &str) -> Vec<String> {
        self.members_of(&self.schemas[name])
    }

    fn members_of(&self, union: &Value) -> Vec<String> {
        let members = union["anyOf"].as_array().unwrap().iter();
        members.map(|member| name_of(&member["$ref"]).to_owned()).collect()
    }

    /// One instance, with fields that are in no schema if it shall be `strange`.
    fn instance(&mut self, schema: &Value, strange: bool) -> Value {
        if let Some(name) = schema.get("$ref") {
            let schema = &self.schemas[name_of(name)];
            return self.instance(schema, strange);
        }
        if let Some(members) = schema.get("anyOf").and_then(Value::as_array) {
            let member = self.next(schema, members);
            return self.instance(member, strange);
        }
        if let Some(words) = schema.get("enum").and_then(Value::as_array) {
            return self.next(schema, words).clone();
        }
        let minimum = schema.get("minimum").and_then(Value::as_f64).unwrap_or(f64::NEG_INFINITY);
        match schema.get("type").and_then(Value::as_str) {
            Some("object") => self.object(schema, strange),
            Some("array") => {
                let length = self.random.usize(0..4);
                (0..length).map(|_| self.instance(&schema["items"], strange)).collect()
            }
            Some("string") => {
                let prefix = schema.get("pattern").and_then(Value::as_str).unwrap_or("^");
                let text = self.random.choice(STRINGS).unwrap();
                Value::from(format!("{}{text}", prefix.trim_start_matches('^')))
            }
            Some("integer") => {
                let allowed = INTEGERS.into_iter().filter(|number| *number as f64 >= minimum);
                Value::from(self.random.choice(allowed.collect::<Vec<_>>()).unwrap())
            }
            Some("number") => {
                let allowed = NUMBERS.into_iter().filter(|number| *number >= minimum);
                Value::from(self.random.choice(allowed.collect::<Vec<_>>()).unwrap())
            }
            Some("boolean") => Value::from(self.random.bool()),
            Some("null") => Value::Null,
            Some(other) => panic!("a schema of type {other}"),
            None => self.anything(2),
        }
    }

    fn object(&mut self, schema: &Value, strange: bool) -> Value {
        let mut object = Map::new();
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            for _ in 0..self.random.usize(0..3) {
                let value = match schema.get("additionalProperties") {
                    Some(values @ Value::Object(_)) => self.instance(values, strange),
                    _ => self.anything(2),
                };
                object.insert(self.random.choice(STRINGS).unwrap().to_owned(), value);
            }
            return Value::Object(object);
        };
        let required = schema.get("required").and_then(Value::as_array);
        let is_required =
            |name: &str| required.is_some_and(|all| all.iter().any(|required| required == name));
        // None of the optional fields, all of them, or any.
        let share = *self.next(schema, &[0.0, 1.0, 0.5, 0.2]);
        for (name, property) in properties {
            if is_required(name) || self.random.f64() < share {
                object.insert(name.clone(), self.instance(property, strange));
            }
        }
        if strange && self.random.bool() {
            object.insert("x-strange".to_owned(), self.anything(2));
        }
        // The server sends fields in any order, the one that tells the kind included.
        let mut fields: Vec<_> = object.into_iter().collect();
        self.random.shuffle(&mut fields);
        Value::Object(fields.into_iter().collect())
    }

    fn anything(&mut self, depth: usize) -> Value {
        match self.random.usize(0..if depth == 0 { 5 } else { 7 }) {
            0 => Value::Null,
            1 => Value::from(self.random.bool()),
            2 => Value::from(self.random.choice(NUMBERS).unwrap()),
            3 => Value::from(self.random.choice(INTEGERS).unwrap()),
            4 => Value::from(self.random.choice(STRINGS).unwrap()),
            5 => (0..self.random.usize(0..3)).map(|_| self.anything(depth - 1)).collect(),
            _ => json!({self.random.choice(STRINGS).unwrap(): self.anything(depth - 1)}),
        }
    }

    /// Chooses in turn, so that every choice of every place in the document is made.
    fn next<'c, T>(&mut self, place: &Value, choices: &'c [T]) -> &'c T {
        let turn = self.turns.entry(std::ptr::from_ref(place)).or_default();
        *turn += 1;
        &choices[(*turn - 1) % choices.len()]
    }
}

fn name_of(reference: &Value) -> &str {
    reference.as_str().unwrap().rsplit('/').next().unwrap()
}

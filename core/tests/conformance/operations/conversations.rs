//! `conversation.*`

use opencode_sessions::conversation::window::Keep;
use opencode_sessions::conversation::{
    Conversation, ConversationEvent, ConversationEventKind, ConversationOptions, HistoryMessage,
    ListenerId, ProviderChoice, ToolChoice,
};
use opencode_sessions::{Format, OnConflict, Result, Role, SessionMessage};
use serde_json::{Value, json};

use super::tools::{Approver, Told};
use super::turns::Turn;
use super::{Call, Table, queries, storage};
use crate::notes::Notes;
use crate::records::{message, record, usage};
use crate::runtime::wait;
use crate::thing::{Done, Thing, data, session};
use crate::world::World;

/// A callback of a conversation, with what it was told.
#[derive(Clone)]
pub(crate) struct Listener {
    id: ListenerId,
    pub(crate) notes: Notes,
}

pub(crate) const TABLE: Table = &[
    ("conversation.create", |c| {
        let mut options = options(c)?;
        options.model.get_or_insert("m1".to_owned());
        made(Conversation::create(options))
    }),
    ("conversation.resume", |c| {
        let id = c.args.text("session_id");
        made(Conversation::resume(&id, options(c)?))
    }),
    ("conversation.load", |c| {
        let id = c.args.text("session_id");
        made(Conversation::load(&id, options(c)?))
    }),
    ("conversation.import", |c| {
        let on_conflict = OnConflict::parse(&c.args.or("on_conflict", "error".to_owned()))?;
        let given: Value = c.args.need("data");
        made(Conversation::import(&given, on_conflict, options(c)?))
    }),
    ("conversation.list", |c| {
        let query = queries::query(c.args)?;
        let states = Conversation::list(&c.world.storage(), &query)?;
        data(states.iter().map(|state| record(STATE, state)).collect::<Vec<_>>())
    }),
    ("conversation.info", |c| {
        let id = c.args.text("session_id");
        data(record(STATE, Conversation::info(&c.world.storage(), &id)?))
    }),
    ("conversation.delete", |c| {
        let id = c.args.text("session_id");
        data(Conversation::delete(&c.world.storage(), &id)?)
    }),
    ("conversation.delete_all", |c| {
        storage::cleaned(&Conversation::delete_all(&c.world.storage())?)
    }),
    ("conversation.id", |c| data(about(c).id())),
    ("conversation.status", |c| data(about(c).state()?.status)),
    ("conversation.state", |c| data(record(STATE, about(c).state()?))),
    ("conversation.session", |c| session(about(c).session()?)),
    ("conversation.is_closed", |c| data(about(c).is_closed())),
    ("conversation.message", |c| {
        let conversation = about(c);
        Ok(Turn::of(match c.args.need("said") {
            Value::String(text) => conversation.message(text),
            said => conversation.send(spoken(said)?),
        }))
    }),
    ("conversation.get_messages", |c| {
        let (limit, before) = (c.args.get("limit"), c.args.get::<String>("before"));
        let found = about(c).get_messages(limit, before.as_deref())?;
        data(found.iter().map(message).collect::<Vec<_>>())
    }),
    ("conversation.edit_message", |c| {
        let (id, set) = (c.args.text("message_id"), queries::message_edit(c.args));
        data(about(c).edit_message(&id, set)?)
    }),
    ("conversation.delete_message", |c| {
        let id = c.args.text("message_id");
        data(about(c).delete_message(&id)?)
    }),
    ("conversation.mark_important", |c| {
        let (id, important) = (c.args.text("message_id"), c.args.or("important", true));
        data(about(c).mark_important(&id, important)?)
    }),
    ("conversation.clear_history", |c| {
        let keep_last = c.args.or("keep_last", 0);
        data(about(c).clear_history(keep_last)?)
    }),
    ("conversation.prune_context", |c| {
        let keep = Keep {
            last: c.args.or("keep_last", 20),
            system: c.args.or("keep_system", true),
            important: c.args.or("keep_important", true),
        };
        let pruned = about(c).prune_context(keep, c.args.or("dry_run", false))?;
        data(json!({
            "left_out": pruned.left_out,
            "tokens_before": pruned.tokens_before,
            "tokens_after": pruned.tokens_after,
        }))
    }),
    ("conversation.get_context_usage", |c| {
        let used = about(c).get_context_usage()?;
        data(json!({"current": used.current, "max": used.max, "percent": used.percent}))
    }),
    ("conversation.register_tool", |c| {
        let tool = Told::of(c.args.thing("tool").expect("tool is missing"))?.tool;
        data(about(c).register_tool(tool)?)
    }),
    ("conversation.fork", |c| {
        let (at, id) = (c.args.get::<String>("from_message"), c.args.get("new_session_id"));
        let inclusive = c.args.or("inclusive", true);
        made(about(c).fork(at.as_deref(), id, inclusive))
    }),
    ("conversation.export", |c| {
        let format = Format::parse(&c.args.or("format", "native".to_owned()))?;
        data(about(c).export(format)?)
    }),
    ("conversation.save", |c| data(about(c).save()?)),
    ("conversation.complete", |c| data(about(c).complete()?)),
    ("conversation.close", |c| data(close(&about(c))?)),
    ("conversation.on", |c| {
        let kind = ConversationEventKind::parse(&c.args.text("event"))?;
        let notes = Notes::default();
        let noting = notes.clone();
        let id = about(c).on(kind, move |event| noting.add(told(event)));
        Ok(Thing::Listener(Listener { id, notes }))
    }),
    ("conversation.off", |c| match c.args.thing("listener") {
        Some(Thing::Listener(listener)) => data(about(c).off(listener.id)),
        _ => panic!("listener is no listener"),
    }),
];

const STATE: &str = "conversation.SessionState";

fn made(made: Result<Conversation>) -> Done {
    made.map(Thing::Conversation)
}

/// Those of a conversation that is made when it is first used.
pub(crate) fn usual(world: &mut World) -> ConversationOptions {
    let storage = Some(world.storage());
    let model = Some("m1".to_owned());
    let mut options = ConversationOptions { model, storage, ..Default::default() };
    world.model().answers(&mut options);
    options
}

/// Those of a step, over the case's model and store, with tools and answers made of data.
pub(super) fn options(c: &mut Call<'_>) -> Result<ConversationOptions> {
    let (tools, approve) = (c.args.thing("tools"), c.args.thing("approve"));
    let (provider, storage) = (c.args.thing("provider"), c.args.storage("storage"));
    let mut options = ConversationOptions::from_plain(c.args.rest())?;
    options.storage = storage.or_else(|| Some(c.world.storage()));
    let tools = match tools {
        None => Vec::new(),
        Some(Thing::List(tools)) => tools,
        Some(other) => {
            let tools: Vec<Value> = serde_json::from_value(other.data()).unwrap();
            tools.into_iter().map(Thing::Data).collect()
        }
    };
    for tool in tools {
        options.tools.push(match tool {
            Thing::Data(Value::String(name)) => ToolChoice::BuiltIn(name),
            own => ToolChoice::Own(Told::of(own)?.tool),
        });
    }
    options.approve = match approve {
        None => None,
        Some(Thing::Approver(approver)) => Some(approver.approve),
        Some(says) => says.data().as_bool().map(|says| Approver::new(says, None).approve),
    };
    match provider {
        None => c.world.model().answers(&mut options),
        Some(Thing::Model(model)) => model.answers(&mut options),
        Some(named) => {
            let name = named.data().as_str().map(str::to_owned);
            options.provider = name.map(ProviderChoice::Named);
        }
    }
    Ok(options)
}

/// Parts, or a message as in our files.
fn spoken(said: Value) -> Result<SessionMessage> {
    if said.is_array() {
        let fields = json!({"role": "user", "content": said});
        return SessionMessage::from_llm(serde_json::from_value(fields).unwrap());
    }
    let message = SessionMessage::from_value(said)?;
    Role::parse(message.role.as_str())?;
    message.check()?;
    Ok(message)
}

fn told(event: &ConversationEvent) -> Value {
    match event {
        ConversationEvent::Message(said) => message(&HistoryMessage::from(&**said)),
        ConversationEvent::TokenUsage { request, total } => {
            json!({"request": usage(request), "total": total})
        }
        event => event.to_plain(),
    }
}

/// Closes it, and waits until a turn that ran has let go.
pub(crate) fn close(conversation: &Conversation) -> Result<()> {
    conversation.close()?;
    wait(conversation.closed())
}

pub(super) fn given(thing: Option<Thing>) -> Conversation {
    match thing {
        Some(Thing::Conversation(conversation)) => conversation,
        _ => panic!("it is no conversation"),
    }
}

fn about(c: &Call<'_>) -> Conversation {
    given(c.on.clone())
}

//! `pool.*`, `template.*`

use std::collections::BTreeMap;
use std::time::Duration;

use opencode_sessions::conversation::{Conversation, PromptTemplate, SessionPool};

use super::{Call, Table, conversations};
use crate::args::Args;
use crate::runtime::wait;
use crate::thing::{NOTHING, Thing, data};

pub(crate) const TABLE: Table = &[
    ("pool.new", |c| {
        let capacity = c.args.need("capacity");
        let idle = c.args.seconds("idle_seconds")?.unwrap_or(Duration::from_secs(300));
        let mut options = conversations::options(c)?;
        options.model.get_or_insert("m1".to_owned());
        Ok(Thing::Pool(SessionPool::new(capacity, idle, options)?))
    }),
    ("pool.take", |c| {
        let lent = wait(pool(c).acquire(&c.args.text("session_id")))?;
        let conversation = Conversation::clone(&lent);
        c.world.lent.push(lent);
        Ok(Thing::Conversation(conversation))
    }),
    ("pool.give_back", |c| {
        let given = conversations::given(c.args.thing("conversation"));
        c.world.forget(given.id());
        c.world.lent.retain(|lent| lent.id() != given.id());
        NOTHING
    }),
    ("pool.size", |c| data(pool(c).len())),
    ("pool.close", |c| data(wait(pool(c).close())?)),
    ("template.new", |c| {
        let template = PromptTemplate::new(c.args.text("text"));
        Ok(Thing::Template(filled(template, c.args)))
    }),
    ("template.create", |c| {
        let mut text = |name: &str| c.args.or(name, String::new());
        let (role, language) = (text("role"), text("language"));
        let (framework, style) = (text("framework"), text("style"));
        Ok(Thing::Template(PromptTemplate::create(&role, &language, &framework, &style)))
    }),
    ("template.render", |c| match c.on.clone() {
        Some(Thing::Template(template)) => data(filled(template, c.args).render()?),
        _ => panic!("the step is about no template"),
    }),
];

fn filled(template: PromptTemplate, args: &mut Args) -> PromptTemplate {
    let fields: BTreeMap<String, String> = args.or("fields", BTreeMap::new());
    fields.into_iter().fold(template, |template, (field, value)| template.with(field, value))
}

fn pool(c: &Call<'_>) -> SessionPool {
    match &c.on {
        Some(Thing::Pool(pool)) => pool.clone(),
        _ => panic!("the step is about no pool"),
    }
}

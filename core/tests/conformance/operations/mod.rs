//! How each operation is called, a table for each area.

pub(crate) mod clients;
pub(crate) mod conversations;
mod events;
mod files;
pub(crate) mod hooks;
mod index;
mod manager;
mod model;
mod pools;
pub(crate) mod processes;
mod queries;
mod servers;
mod session;
mod storage;
pub(crate) mod tools;
pub(crate) mod turns;

use crate::args::Args;
use crate::case::Step;
use crate::thing::{Done, Thing};
use crate::world::World;

/// What an operation is called with: the case, what the step is about, and its arguments.
pub(crate) struct Call<'a> {
    pub(crate) op: &'a str,
    pub(crate) world: &'a mut World,
    pub(crate) on: Option<Thing>,
    pub(crate) args: &'a mut Args,
}

pub(crate) type Operation = fn(&mut Call<'_>) -> Done;
pub(crate) type Table = &'static [(&'static str, Operation)];

/// The operations of the library.
pub(crate) const LIBRARY: [Table; 12] = [
    clients::TABLE,
    conversations::TABLE,
    events::TABLE,
    hooks::TABLE,
    index::TABLE,
    manager::TABLE,
    model::TABLE,
    pools::TABLE,
    session::TABLE,
    storage::TABLE,
    tools::TABLE,
    turns::TABLE,
];
/// The steps that are no operation of the library.
pub(crate) const OWN: [Table; 7] =
    [events::OWN, files::TABLE, hooks::OWN, processes::TABLE, servers::OWN, tools::OWN, turns::OWN];

/// Does one step.
pub(crate) fn call(world: &mut World, step: &Step) -> Done {
    let tables = LIBRARY.into_iter().chain(OWN).flatten();
    let found = tables.into_iter().find(|(name, _)| *name == step.op);
    let (_, operation) = found.unwrap_or_else(|| panic!("{} is not known here", step.op));
    let given = step.args.iter().map(|(name, value)| (name.clone(), world.argument(value)));
    let mut args = Args::new(given.collect());
    let on = world.on(step);
    let done = operation(&mut Call { op: &step.op, world, on, args: &mut args });
    if done.is_ok() {
        args.are_all_taken();
    }
    done
}

//! How each operation is called, a table for each area.

mod files;
pub(crate) mod hooks;
mod index;
mod manager;
mod model;
pub(crate) mod processes;
mod queries;
mod session;
mod storage;

use crate::args::Args;
use crate::case::Step;
use crate::thing::{Done, Thing};
use crate::world::World;

/// What an operation is called with: the case, what the step is about, and its arguments.
pub(crate) struct Call<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) on: Option<Thing>,
    pub(crate) args: &'a mut Args,
}

pub(crate) type Operation = fn(&mut Call<'_>) -> Done;
pub(crate) type Table = &'static [(&'static str, Operation)];

/// The operations of the library.
pub(crate) const LIBRARY: [Table; 6] =
    [hooks::TABLE, index::TABLE, manager::TABLE, model::TABLE, session::TABLE, storage::TABLE];
/// The steps that are no operation of the library.
pub(crate) const OWN: [Table; 3] = [files::TABLE, hooks::OWN, processes::TABLE];

/// Does one step.
pub(crate) fn call(world: &mut World, step: &Step) -> Done {
    let tables = LIBRARY.into_iter().chain(OWN).flatten();
    let found = tables.into_iter().find(|(name, _)| *name == step.op);
    let (_, operation) = found.unwrap_or_else(|| panic!("{} is not known here", step.op));
    let given = step.args.iter().map(|(name, value)| (name.clone(), world.argument(value)));
    let mut args = Args::new(given.collect());
    let on = world.on(step);
    let done = operation(&mut Call { world, on, args: &mut args });
    if done.is_ok() {
        args.are_all_taken();
    }
    done
}

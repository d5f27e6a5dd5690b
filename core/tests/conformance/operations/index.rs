//! `index.*`: in Rust the store answers for its index.

use opencode_sessions::Query;
use opencode_sessions::store::{Problem, Store as _};

use super::{Call, Table, queries};
use crate::thing::{Done, Thing, data};

pub(crate) const TABLE: Table = &[
    ("index.new", |c| {
        Ok(Thing::Storage(c.args.storage("storage").unwrap_or_else(|| c.world.storage())))
    }),
    ("index.count", |c| data(c.storage().count()?)),
    ("index.get", |c| {
        let id = c.args.text("session_id");
        data(c.storage().summary(&id)?)
    }),
    ("index.contains", |c| {
        let id = c.args.text("session_id");
        data(c.storage().summary(&id)?.is_some())
    }),
    ("index.list", |c| {
        let query = queries::query(c.args)?;
        listed(c, &query)
    }),
    ("index.get_recent", |c| {
        let limit = Some(c.args.or("count", 10));
        listed(c, &Query { limit, ..Query::default() })
    }),
    ("index.get_by_working_dir", |c| {
        let working_dir = c.args.get("working_dir");
        listed(c, &Query { working_dir, limit: None, ..Query::default() })
    }),
    ("index.rebuild", |c| {
        let unreadable = c.storage().rebuild_index(&|_, _| ())?.unreadable.into_iter();
        let problem = |(session_id, detail)| Problem { session_id, kind: "unreadable", detail };
        data(unreadable.map(problem).collect::<Vec<_>>())
    }),
    ("index.verify", |c| data(c.storage().verify_index()?)),
    ("index.save_if_dirty", |c| data(c.storage().publish_index()?)),
];

fn listed(c: &Call<'_>, query: &Query) -> Done {
    data(c.storage().list(query)?)
}

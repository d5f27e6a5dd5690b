//! `server.*`, `model.requests`: what is asked of who answers a case.

use serde_json::Value;

use super::Table;
use crate::models;
use crate::thing::{NOTHING, data};

pub(crate) const OWN: Table = &[
    ("server.requests", |c| {
        let (method, path) = (c.args.value("method"), c.args.value("path"));
        let fits =
            |asked: &Value, wanted: &Option<Value>| wanted.as_ref().is_none_or(|w| w == asked);
        let mut asked = c.world.server().requests();
        asked.retain(|one| fits(&one["method"], &method) && fits(&one["path"], &path));
        data(asked)
    }),
    ("server.stop", |c| {
        c.world.server().stop();
        NOTHING
    }),
    ("model.requests", |c| data(models::requests(&c.args.text("containing")))),
];

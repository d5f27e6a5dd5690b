//! `storage.*`

use std::path::PathBuf;

use opencode_sessions::{Durability, SessionStorage, StorageOptions};
use serde_json::{Value, json};

use super::{Call, Table};
use crate::thing::{Done, NOTHING, Thing, data, session};

impl Call<'_> {
    pub(super) fn storage(&self) -> &SessionStorage {
        match &self.on {
            Some(Thing::Storage(storage)) => storage,
            _ => panic!("the step is about no store"),
        }
    }
}

pub(crate) const TABLE: Table = &[
    ("storage.new", new),
    ("storage.path", |c| data(c.storage().path())),
    ("storage.save", |c| {
        let (saved, overwrite) = (c.args.session("session"), c.args.or("overwrite", false));
        data(saved.save_in(c.storage(), overwrite)?)
    }),
    ("storage.load", |c| {
        let id = c.args.text("session_id");
        session(c.storage().load(&id)?)
    }),
    ("storage.load_or_none", |c| {
        let id = c.args.text("session_id");
        c.storage().load_or_none(&id)?.map_or(NOTHING, session)
    }),
    ("storage.exists", |c| {
        let id = c.args.text("session_id");
        data(c.storage().exists(&id)?)
    }),
    ("storage.delete", |c| {
        let id = c.args.text("session_id");
        data(c.storage().delete(&id)?)
    }),
    ("storage.delete_all", |c| cleaned(&c.storage().delete_all()?)),
    ("storage.list_session_ids", |c| data(c.storage().list_session_ids()?)),
    ("storage.get_path", |c| {
        let id = c.args.text("session_id");
        data(c.storage().get_path(&id)?)
    }),
    ("storage.get_backup_path", |c| {
        let id = c.args.text("session_id");
        data(c.storage().get_backup_path(&id)?)
    }),
    ("storage.recover_from_backup", |c| {
        let (id, force) = (c.args.text("session_id"), c.args.or("force", false));
        data(c.storage().recover_from_backup(&id, force)?)
    }),
    ("storage.verify", |c| data(c.storage().verify()?)),
    ("storage.cleanup_old_sessions", |c| {
        let days = c.args.need("max_age_days");
        let (keep, dry_run) = (c.args.or("keep_minimum", 10), c.args.or("dry_run", false));
        cleaned(&c.storage().cleanup_old_sessions(days, keep, dry_run, &|_, _| ())?)
    }),
    ("storage.trash", |c| {
        let id = c.args.text("session_id");
        data(c.storage().trash(&id)?)
    }),
    ("storage.list_trash", |c| {
        let trash = c.storage().list_trash()?;
        let rows = trash.iter().map(|(id, at)| json!({"session_id": id, "trashed_at": at}));
        data(rows.collect::<Vec<Value>>())
    }),
    ("storage.restore", |c| {
        let id = c.args.text("session_id");
        session(c.storage().restore(&id)?)
    }),
    ("storage.empty_trash", |c| {
        let days = c.args.or("older_than_days", 0.0);
        data(c.storage().empty_trash(days)?)
    }),
    ("storage.wait_for_index", |c| data(c.storage().wait_for_index()?)),
    ("storage.get_storage_size", |c| data(c.storage().get_storage_size()?)),
    ("storage.export_directory", |c| {
        let (id, path) = (c.args.text("session_id"), c.args.need::<PathBuf>("path"));
        data(c.storage().export_directory(&id, &path)?)
    }),
    ("storage.get_project_dir", |c| {
        data(SessionStorage::project_dir(&c.args.need::<PathBuf>("path")))
    }),
];

fn new(c: &mut Call<'_>) -> Done {
    let durability: Option<String> = c.args.get("durability");
    let default = StorageOptions::default();
    let options = StorageOptions {
        path: Some(c.args.get("path").unwrap_or_else(|| c.world.path("store"))),
        durability: match durability.as_deref() {
            None | Some("disk") => Durability::Disk,
            Some("os") => Durability::Os,
            Some(other) => panic!("there is no durability {other}"),
        },
        auto_recover: c.args.or("auto_recover", default.auto_recover),
        index_content: c.args.or("index_content", default.index_content),
    };
    Ok(Thing::Storage(SessionStorage::open(options)?))
}

pub(super) fn cleaned(report: &opencode_sessions::store::CleanupReport) -> Done {
    let skipped = report.skipped.iter();
    let skipped = skipped.map(|(id, reason)| json!({"session_id": id, "reason": reason}));
    data(json!({"removed": report.removed, "skipped": skipped.collect::<Vec<_>>()}))
}

//! The index over a store made with the same pieces the facade uses.

mod following;
mod healing;
mod listing;
mod random;
mod searching;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::{
    Change, NewSession, Record, Role, Session, SessionMessage, SessionSummary, Time,
};
use crate::store::files::layout::Layout;
use crate::store::files::lease::Lease;
use crate::store::files::writer::Writer;
use crate::store::files::{Durability, disk, lifecycle, recovery, stamp};
use crate::store::index::{Index, IndexOptions};
use crate::store::query::{Query, SearchHit, SearchQuery};

/// A store in a directory of its own.
struct Place {
    layout: Layout,
    _dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let layout = Layout::new(dir.path().join("store"));
        disk::create_dir(layout.root()).expect("the store");
        layout.directories().iter().for_each(|dir| disk::create_dir(dir).expect("a directory"));
        Self { layout, _dir: dir }
    }

    fn index(&self) -> Index {
        Index::open(self.layout.clone(), IndexOptions { content: true }).expect("an index")
    }

    /// An index with everything in it.
    fn full_index(&self) -> Index {
        let index = self.index();
        index.wait_for_background();
        index
    }

    fn create(&self, new: NewSession) -> Writer {
        let session = Session::new(new).expect("a session");
        let lease = Lease::take(&self.layout, &session.id, Duration::ZERO).expect("free");
        let state = lifecycle::create(&self.layout, &session).expect("created");
        Writer::new(self.layout.clone(), Durability::Os, lease, state)
    }

    fn open(&self, id: &str) -> Writer {
        let lease = Lease::take(&self.layout, id, Duration::ZERO).expect("free");
        let state = recovery::open_state(&self.layout, id).expect("opened");
        Writer::new(self.layout.clone(), Durability::Os, lease, state)
    }

    /// A closed session with these messages, which no index was told of.
    fn session(&self, id: &str, title: &str, messages: &[&str]) {
        let writer = self.create(named(id, title));
        messages.iter().for_each(|text| say(&writer, text));
        writer.close(|| Ok(())).expect("closed");
    }

    fn snapshot(&self, id: &str) -> PathBuf {
        self.layout.snapshot(id)
    }

    /// Writes a file as somebody would who knows nothing of the library.
    fn drop_file(&self, id: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.snapshot(id), text).expect("written");
    }

    fn delete(&self, id: &str) {
        lifecycle::delete(&self.layout, id).expect("deleted");
    }

    fn database(&self) -> PathBuf {
        self.layout.index_database(1)
    }
}

fn named(id: &str, title: &str) -> NewSession {
    NewSession { id: Some(id.into()), title: Some(title.into()), ..NewSession::default() }
}

fn edit(writer: &Writer, change: Change) {
    writer.edit(|_| Ok((vec![Record::now(change)], ()))).expect("edited");
}

fn say(writer: &Writer, text: &str) {
    let message = SessionMessage::new(Role::User, text);
    edit(writer, Change::MessageAdded(message.into()));
}

fn titles(index: &Index, query: &Query) -> Vec<String> {
    index.refresh().expect("refreshed");
    index.list(query).expect("listed").items.into_iter().map(|s| s.title).collect()
}

fn ids(index: &Index) -> Vec<String> {
    index.refresh().expect("refreshed");
    let query = Query { limit: None, ..Query::default() };
    let mut ids: Vec<_> =
        index.list(&query).expect("listed").items.into_iter().map(|s| s.id).collect();
    ids.sort();
    ids
}

fn find(index: &Index, text: &str) -> Vec<SearchHit> {
    index.refresh().expect("refreshed");
    index.search(&SearchQuery::new(text)).expect("searched").hits
}

fn found(index: &Index, text: &str) -> Vec<String> {
    find(index, text).into_iter().map(|hit| hit.session_id).collect()
}

/// Everything in the index that a user can see.
fn everything(index: &Index) -> BTreeMap<String, (SessionSummary, Vec<(String, u32)>)> {
    index.refresh().expect("refreshed");
    index.wait_for_background();
    let query = Query { limit: None, ..Query::default() };
    let summaries = index.list(&query).expect("listed").items;
    summaries
        .into_iter()
        .map(|summary| {
            let texts = index.0.with(|db| {
                db.read(|db| {
                    let row = super::row::of(db, &summary.id)?.expect("a row");
                    assert!(row.has_text, "{} has no text", summary.id);
                    super::text::of(db, row.sid)
                })
            });
            let mut texts = texts.expect("texts");
            texts.sort();
            (summary.id.clone(), (summary, texts))
        })
        .collect()
}

fn at(seconds: i64) -> Time {
    Time::from_micros(1_700_000_000_000_000 + seconds * 1_000_000).expect("a time")
}

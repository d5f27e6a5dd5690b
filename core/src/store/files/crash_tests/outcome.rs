//! What the real code makes of what a crash left, and whether that keeps the promise.

use super::driver::{ID, Phase, Place, Promise, ROT, first, record};
use super::weak_disk::Remains;
use crate::error::{ErrorCode, Result};
use crate::model::Session;
use crate::store::files::writer::Writer;
use crate::store::files::{Durability, lifecycle, reader, recovery};

/// What is there, as the real code opened it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The session in the store: which life of it, at which revision.
    pub there: Option<(u32, u64)>,
    /// The one in the trash.
    pub trashed: Option<(u32, u64)>,
}

/// Opens what a crash left, and sees to it that it can be read, written and read again.
pub(super) fn open(remains: &Remains) -> Result<Outcome, String> {
    let place = Place::with(remains);
    let layout = &place.layout;
    let trashed = match lifecycle::trashed(layout).unwrap().as_slice() {
        [] => None,
        [one] => {
            let session = lifecycle::read_trashed(one).map_err(|e| format!("in the trash: {e}"))?;
            Some(identify(&session)?)
        }
        more => return Err(format!("{} files in the trash", more.len())),
    };
    let lease = place.lease();
    if !lifecycle::exists(layout, ID).unwrap() {
        let state = lifecycle::create(layout, &first(99)).map_err(|e| format!("create: {e}"))?;
        goes_on(&place, &Writer::new(layout.clone(), Durability::Disk, lease, state), (99, 1))?;
        return Ok(Outcome { there: None, trashed });
    }
    let rotten = remains.content("s.json".as_ref()) == Some(ROT);
    let read = if rotten {
        None
    } else {
        Some(reader::read(layout, ID).map_err(|e| format!("read: {e}"))?.session)
    };
    let state = match recovery::open_state(layout, ID) {
        Err(e) if rotten && e.code() == ErrorCode::SessionCorrupted => {
            recovery::recover(layout, ID, false).map_err(|e| format!("recover: {e}"))?
        }
        opened => opened.map_err(|e| format!("open: {e}"))?,
    };
    let seen = identify(&state.session)?;
    if let Some(read) = read {
        let read = identify(&read)?;
        if read != seen {
            return Err(format!("a reader sees {read:?}, a writer {seen:?}"));
        }
    }
    goes_on(&place, &Writer::new(layout.clone(), Durability::Disk, lease, state), seen)?;
    Ok(Outcome { there: Some(seen), trashed })
}

/// The next change can be made and is there for the next reader, before and after closing.
fn goes_on(place: &Place, writer: &Writer, (life, revision): (u32, u64)) -> Result<(), String> {
    let next = (life, revision + 1);
    let reread = || {
        let reading = reader::read(&place.layout, ID).map_err(|e| format!("read again: {e}"))?;
        match identify(&reading.session)? {
            seen if seen == next && reading.report.is_empty() => Ok(()),
            seen => Err(format!("after one more change {seen:?} is there: {}", reading.report)),
        }
    };
    writer
        .edit(|_| Ok((vec![record(life, revision + 1)], ())))
        .map_err(|e| format!("the next change: {e}"))?;
    reread()?;
    writer.close(|| Ok(())).map_err(|e| format!("close: {e}"))?;
    reread()
}

/// The snapshot is lost as well: what a rebuild finds.
pub(super) fn rebuilt_after_rot(remains: &Remains) -> Result<(u32, u64), String> {
    let place = Place::with(remains);
    // In place, so that every other name of the file is damaged too.
    std::fs::write(place.layout.snapshot(ID), ROT).unwrap();
    let _lease = place.lease();
    let state = recovery::recover(&place.layout, ID, false).map_err(|e| format!("rebuild: {e}"))?;
    identify(&state.session)
}

/// Which life of the session this is, and that it holds exactly the changes of its revision.
fn identify(session: &Session) -> Result<(u32, u64), String> {
    let life: u32 = session.title.parse().map_err(|_| format!("title {:?}", session.title))?;
    let revision = session.revision();
    let ids: Vec<&str> = session.messages.iter().map(|message| message.id.as_str()).collect();
    let expected: Vec<String> = (2..=revision).map(|r| format!("m{r:03}")).collect();
    if ids != expected {
        return Err(format!("revision {revision} holds {ids:?}"));
    }
    if session.messages.iter().any(|message| message.content != session.title) {
        return Err("changes of another life of the session are in it".into());
    }
    Ok((life, revision))
}

/// How the outcome breaks the promise, if it does.
pub(super) fn broken(outcome: &Outcome, promise: &Promise, power: bool) -> Option<String> {
    let promised = if power { promise.durable } else { promise.acknowledged };
    let kept = |(life, revision): (u32, u64)| {
        if life != promise.life {
            Some(format!("life {life} instead of {}", promise.life))
        } else if revision < promised {
            Some(format!("revision {promised} was acknowledged, {revision} is there"))
        } else if revision > promise.issued {
            Some(format!("revision {revision} was never asked for"))
        } else {
            None
        }
    };
    match (promise.phase, outcome.there) {
        (Phase::Gone, Some(there)) => Some(format!("deleted, and {there:?} is back")),
        (Phase::There, None) => Some("it is missing".into()),
        (Phase::Gone | Phase::Going, None) if promise.to_trash => match outcome.trashed {
            Some(trashed) => kept(trashed),
            None => Some("it is neither in the store nor in the trash".into()),
        },
        (_, None) => None,
        (_, Some(there)) => kept(there),
    }
}

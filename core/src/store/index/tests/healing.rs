//! A database that is lost, damaged, or no database.

use std::os::unix::fs::PermissionsExt;

use super::following::rebuilt;
use super::*;

fn store() -> Place {
    let place = Place::new();
    for n in 0..40 {
        place.session(&format!("s{n}"), &format!("Title {n}"), &["common word", &format!("w{n}")]);
    }
    place
}

#[test]
fn a_deleted_database_is_made_anew() {
    let place = store();
    let before = everything(&place.full_index());
    assert_eq!(before.len(), 40);
    assert_eq!(everything(&rebuilt(&place)), before);
}

#[test]
fn a_database_deleted_under_an_open_index_is_made_anew() {
    let place = store();
    let index = place.full_index();
    let before = everything(&index);
    std::fs::remove_file(place.database()).expect("removed");
    assert_eq!(everything(&index), before);
    assert!(place.database().exists());
}

#[test]
fn what_is_no_database_is_replaced() {
    let place = store();
    let before = everything(&place.full_index());
    for garbage in [b"no database at all".repeat(1000), vec![0; 9000]] {
        std::fs::write(place.database(), &garbage).expect("written");
        assert_eq!(everything(&place.full_index()), before);
        let now = std::fs::read(place.database()).expect("read");
        assert!(now.starts_with(b"SQLite format 3\0"));
    }
}

#[test]
fn a_database_damaged_in_the_middle_is_replaced_when_that_shows() {
    let place = store();
    let before = everything(&place.full_index());
    let mut bytes = std::fs::read(place.database()).expect("read");
    let page = 4096;
    for byte in bytes.iter_mut().skip(page) {
        *byte = 0xa5;
    }
    std::fs::write(place.database(), &bytes).expect("written");
    let index = place.index();
    assert_eq!(everything(&index), before);
}

#[test]
fn tables_of_another_program_are_replaced() {
    let place = store();
    let before = everything(&place.full_index());
    std::fs::remove_file(place.database()).expect("removed");
    let other = rusqlite::Connection::open(place.database()).expect("a database");
    other.execute_batch("CREATE TABLE theirs(x)").expect("a table");
    drop(other);
    assert_eq!(everything(&place.full_index()), before);
}

#[test]
fn a_link_in_the_databases_place_is_not_followed() {
    let place = store();
    let target = place.layout.root().with_file_name("target");
    std::fs::write(&target, b"").expect("written");
    std::os::unix::fs::symlink(&target, place.database()).expect("a link");
    assert_eq!(everything(&place.full_index()).len(), 40);
    assert_eq!(std::fs::read(&target).expect("read"), b"");
}

#[test]
fn nobody_else_can_read_the_database() {
    let place = store();
    let index = place.full_index();
    for entry in std::fs::read_dir(place.layout.private()).expect("listed") {
        let entry = entry.expect("an entry");
        if entry.file_name().to_string_lossy().starts_with("index") {
            let mode = entry.metadata().expect("looked at").permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        }
    }
    drop(index);
}

#[test]
fn where_the_database_cannot_be_the_index_lives_in_memory() {
    let place = store();
    std::fs::create_dir(place.database()).expect("a directory in its place");
    let index = place.full_index();
    assert!(index.0.is_in_memory());
    assert_eq!(everything(&index).len(), 40);
    place.session("late", "late", &["late word"]);
    assert_eq!(ids(&index).len(), 41);
    index.wait_for_background();
    assert_eq!(found(&index, "late"), ["late"]);
}

#[test]
fn rebuilding_repairs_rows_and_text_and_names_what_cannot_be_read() {
    let place = store();
    place.drop_file("broken", "{");
    let index = place.full_index();
    let before = everything(&index);
    index
        .0
        .with(|db| {
            db.write(false, |tx| {
                tx.execute("UPDATE sessions SET title = 'wrong' WHERE id = 's1'", [])?;
                tx.execute("DELETE FROM messages WHERE message_id IN (SELECT message_id FROM messages LIMIT 9)", [])?;
                Ok(())
            })
        })
        .expect("spoilt");
    assert!(index.verify().expect("verified").iter().any(|problem| problem.session_id == "s1"));
    let steps = std::cell::Cell::new((0, 0));
    let report = index.rebuild(&|done, total| {
        steps.set((done, total));
        // Asking meanwhile is allowed, it waits.
        assert_eq!(ids(&index).len(), 40);
    });
    let report = report.expect("rebuilt");
    assert_eq!(report.sessions, 40);
    assert_eq!(report.unreadable.len(), 1);
    assert_eq!(report.unreadable[0].0, "broken");
    assert_eq!(steps.get(), (80, 80));
    assert_eq!(everything(&index), before);
}

#[test]
fn one_process_fills_the_tables_and_the_others_wait() {
    let place = store();
    let counts: Vec<usize> = std::thread::scope(|scope| {
        let open = || scope.spawn(|| everything(&place.index()).len());
        let threads: Vec<_> = (0..4).map(|_| open()).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(counts, [40; 4]);
}

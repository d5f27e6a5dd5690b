//! The index follows the files.

use super::*;

#[test]
fn what_a_writer_appends_is_listed_and_found_before_it_is_closed() {
    let place = Place::new();
    let index = place.full_index();
    let writer = place.create(named("a", "first"));
    assert_eq!(titles(&index, &Query::default()), ["first"]);
    say(&writer, "the walrus sleeps");
    edit(&writer, Change::TitleSet { title: "second".into() });
    assert_eq!(titles(&index, &Query::default()), ["second"]);
    assert_eq!(found(&index, "walrus"), ["a"]);
    assert_eq!(index.get("a").expect("got").expect("there").message_count, 1);
}

#[test]
fn two_indexes_on_one_store_show_the_same() {
    let place = Place::new();
    let (one, two) = (place.full_index(), place.full_index());
    let writer = place.create(named("a", "shared"));
    say(&writer, "hello");
    one.catch_up("a", false).expect("caught up");
    say(&writer, "again");
    two.catch_up("a", true).expect("caught up");
    writer.close(|| Ok(())).expect("closed");
    assert_eq!(everything(&one), everything(&two));
    place.delete("a");
    one.remove("a").expect("removed");
    assert!(ids(&two).is_empty());
}

#[test]
fn files_that_come_go_and_change_by_hand_are_noticed() {
    let place = Place::new();
    place.session("a", "mine", &["one"]);
    let index = place.full_index();
    place
        .drop_file("b", r#"{"title":"dropped in","messages":[{"role":"user","content":"otter"}]}"#);
    assert_eq!(ids(&index), ["a", "b"]);
    index.wait_for_background();
    assert_eq!(found(&index, "otter"), ["b"]);

    // In place: the directory does not change.
    place.drop_file("b", r#"{"title":"edited","messages":[{"role":"user","content":"badger"}]}"#);
    assert!(titles(&index, &Query::default()).contains(&"edited".to_owned()));
    assert_eq!(found(&index, "badger"), ["b"]);
    assert!(found(&index, "otter").is_empty());

    std::fs::remove_file(place.snapshot("a")).expect("removed");
    index.refresh(&[]).expect("refreshed");
    assert_eq!(index.count().expect("counted"), 1);
    assert_eq!(ids(&index), ["b"]);
}

#[test]
fn a_file_edited_while_nobody_looked_is_found_by_the_pass_after_opening() {
    let place = Place::new();
    place.session("a", "title", &["whale"]);
    drop(place.full_index());
    let text = std::fs::read_to_string(place.snapshot("a")).expect("read");
    place.drop_file("a", text.replace("whale", "shark"));
    let index = place.full_index();
    assert_eq!(found(&index, "shark"), ["a"]);
    assert!(found(&index, "whale").is_empty());
}

#[test]
fn odd_files_do_not_break_the_list_and_are_named() {
    let place = Place::new();
    place.session("good", "good", &["fine"]);
    place.drop_file("naive", r#"{"title":"n","created_at":"2024-01-15 10:30:00","updated_at":1}"#);
    place.drop_file("undated", r#"{"title":"undated"}"#);
    place.drop_file("empty", "");
    place.drop_file("list", "[]");
    place.drop_file("zeros", [0; 512]);
    place.drop_file("garbage", b"{\"title\": \xff\xfe");
    place.drop_file("deep", "[".repeat(1_000_000));
    std::fs::create_dir(place.snapshot("folder")).expect("a folder");
    std::os::unix::fs::symlink("/etc/passwd", place.snapshot("link")).expect("a link");
    let index = place.full_index();
    assert_eq!(ids(&index), ["good", "naive", "undated"]);
    let mut odd: Vec<_> =
        index.verify().expect("verified").into_iter().map(|p| p.session_id).collect();
    odd.sort();
    assert_eq!(odd, ["deep", "empty", "folder", "garbage", "link", "list", "zeros"]);

    place.drop_file("empty", r#"{"title":"now it is one"}"#);
    index.catch_up("empty", false).expect("caught up");
    assert_eq!(ids(&index), ["empty", "good", "naive", "undated"]);
}

#[test]
fn a_session_that_becomes_unreadable_leaves_the_list_until_it_is_repaired() {
    let place = Place::new();
    place.session("a", "title", &["puffin"]);
    let index = place.full_index();
    let text = std::fs::read(place.snapshot("a")).expect("read");
    place.drop_file("a", "{");
    assert!(ids(&index).is_empty());
    assert!(found(&index, "puffin").is_empty());
    place.drop_file("a", text);
    index.catch_up("a", false).expect("caught up");
    assert_eq!(found(&index, "puffin"), ["a"]);
}

#[test]
fn what_a_crashed_writer_left_is_indexed_at_the_next_opening_and_its_mark_removed() {
    let place = Place::new();
    drop(place.full_index());
    let writer = place.create(named("a", "crashed"));
    say(&writer, "heron");
    drop(writer);
    assert!(disk::exists(&place.layout.lock("a")));
    let index = place.index();
    assert!(!disk::exists(&place.layout.lock("a")));
    assert_eq!(found(&index, "heron"), ["a"]);
}

#[test]
fn a_fold_changes_nothing_that_is_shown() {
    let place = Place::new();
    let index = place.full_index();
    let writer = place.create(named("a", "folded"));
    say(&writer, "one");
    index.catch_up("a", false).expect("caught up");
    say(&writer, "two");
    writer.save().expect("saved");
    say(&writer, "three");
    writer.save().expect("saved");
    say(&writer, "four");
    let seen = everything(&index);
    assert_eq!(seen["a"].0.message_count, 4);
    assert_eq!(seen, everything(&rebuilt(&place)));
}

#[test]
fn clearing_and_deleting_messages_takes_their_text_away() {
    let place = Place::new();
    let index = place.full_index();
    let writer = place.create(named("a", "t"));
    say(&writer, "first lynx");
    say(&writer, "second lynx");
    assert_eq!(found(&index, "lynx").len(), 2);
    let first = writer.read(|session| session.messages[0].id.clone()).expect("read");
    edit(&writer, Change::MessageDeleted { ids: vec![first] });
    assert_eq!(found(&index, "lynx").len(), 1);
    edit(&writer, Change::HistoryCleared { keep_from: None });
    say(&writer, "third");
    assert!(found(&index, "lynx").is_empty());
    assert_eq!(index.get("a").expect("got").expect("there").message_count, 1);
}

#[test]
fn opening_an_untouched_store_does_not_look_through_it() {
    let place = Place::new();
    place.session("a", "title", &[]);
    drop(place.full_index());
    assert!(stamp::is_current(&place.layout));
    // A row that only a look through the directory would notice is missing.
    let other = place.index();
    other
        .0
        .with(|db| db.write(false, |tx| Ok(tx.execute("DELETE FROM sessions", [])?)))
        .expect("gone");
    drop(other);
    assert!(ids(&place.index()).is_empty());
}

pub(super) fn rebuilt(place: &Place) -> Index {
    std::fs::remove_file(place.database()).expect("removed");
    for suffix in ["-wal", "-shm"] {
        let mut name = place.database().into_os_string();
        name.push(suffix);
        disk::unlink(std::path::Path::new(&name)).expect("removed");
    }
    place.full_index()
}

#[test]
fn what_is_no_id_is_never_made_a_path() {
    let place = Place::new();
    let index = place.full_index();
    std::fs::write(place.layout.root().with_file_name("x.json"), "{}").expect("written");
    assert_eq!(index.get("../x").expect("nothing"), None);
    assert!(index.verify().expect("verified").is_empty());
}

#[test]
fn several_that_catch_up_at_once_count_nothing_twice() {
    let place = Place::new();
    let indexes = [place.full_index(), place.full_index()];
    let writer = place.create(named("a", "t"));
    let left = std::sync::atomic::AtomicUsize::new(1);
    std::thread::scope(|scope| {
        for index in indexes.iter().cycle().take(4) {
            scope.spawn(|| {
                while left.load(std::sync::atomic::Ordering::Relaxed) > 0 {
                    index.catch_up("a", false).expect("caught up");
                }
            });
        }
        for n in 0..150 {
            say(&writer, &format!("message {n}"));
            if n % 50 == 49 {
                writer.save().expect("saved");
            }
        }
        left.store(0, std::sync::atomic::Ordering::Relaxed);
    });
    let seen = everything(&indexes[0]);
    assert_eq!((seen["a"].0.message_count, seen["a"].1.len()), (150, 150));
    assert!(indexes[1].verify().expect("verified").is_empty());
}

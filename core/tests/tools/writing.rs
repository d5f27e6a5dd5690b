//! `write`.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use serde_json::json;

use crate::work::{Work, text, wrong};

#[tokio::test]
async fn a_file_is_made_with_the_directories_above_it() {
    let work = Work::new();
    let params = json!({"filePath": "a/ü/字.txt", "content": "one\ntwo\n"});
    let asks = work.asks("write", &params).unwrap();
    assert_eq!(asks, format!("write {}/a/ü/字.txt", work.dir.display()));
    let told = text(work.agreed("write", params).await);
    assert_eq!(told, "Created a/ü/字.txt (lines: 2, bytes: 8).");
    assert_eq!(work.text("a/ü/字.txt"), "one\ntwo\n");
}

#[tokio::test]
async fn a_file_is_replaced_in_one_step_and_keeps_its_permissions() {
    let work = Work::new();
    let path = work.put("run.sh", "old");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o751)).unwrap();
    let before = fs::File::open(&path).unwrap();
    let told = text(work.agreed("write", json!({"filePath": "run.sh", "content": "new"})).await);
    assert!(told.starts_with("Replaced run.sh"));
    assert_eq!(work.text("run.sh"), "new");
    let after = path.metadata().unwrap();
    assert_eq!(after.mode() & 0o7777, 0o751);
    // Who has the old file open still reads the old content.
    assert_eq!(std::io::read_to_string(before).unwrap(), "old");
    work.assert_holds(&["run.sh"]);
}

#[tokio::test]
async fn a_link_stays_and_its_target_is_written() {
    let work = Work::new();
    work.put("real/file", "old");
    work.link("real/file", "link");
    work.link("real/new", "dangling");
    for name in ["link", "dangling"] {
        text(work.agreed("write", json!({"filePath": name, "content": "new"})).await);
        assert!(work.dir.join(name).is_symlink());
    }
    assert_eq!((work.text("real/file"), work.text("real/new")), ("new".into(), "new".into()));
}

#[tokio::test]
async fn what_cannot_be_written_is_left_as_it_is() {
    let work = Work::new();
    work.put("dir/file", "kept");
    let locked = work.put("locked", "kept");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o444)).unwrap();
    for (path, why) in [
        ("dir", "is a directory"),
        (".", "is a directory"),
        ("dir/file/below", "not a directory"),
        ("locked", "read-only"),
        ("nul\0", "not a path"),
    ] {
        let outcome = work.agreed("write", json!({"filePath": path, "content": "lost"})).await;
        let error = wrong(outcome);
        assert!(error.to_lowercase().contains(why), "{path}: {error}");
    }
    assert_eq!((work.text("dir/file"), work.text("locked")), ("kept".into(), "kept".into()));
    work.assert_holds(&["dir", "locked"]);
}

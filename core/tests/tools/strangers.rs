//! Files that the system does not let us read. To root every file is readable, so there somebody
//! else meets them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::json;

use crate::support::{player, plays, say};
use crate::work::{Work, text, wrong};

#[test]
fn what_may_not_be_read_or_written_is_told() {
    let role = "strangers::role_stranger";
    let mut play = player(role);
    if rustix::process::geteuid().is_root() {
        let nobody = "65534";
        let mut other = Command::new("setpriv");
        other.args(["--reuid", nobody, "--regid", nobody, "--clear-groups"]);
        other.arg(play.get_program()).args(play.get_args()).env("PLAYING", role);
        play = other;
    }
    let output = play.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("> done"), "{said}");
}

#[tokio::test]
#[ignore = "a role of the test above"]
async fn role_stranger() {
    if !plays("strangers::role_stranger") {
        return;
    }
    let work = Work::new();
    let set = |name: &str, mode: u32| {
        fs::set_permissions(work.dir.join(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    work.put("open.txt", "here\n");
    work.put("closed.txt", "here\n");
    work.put("closed/file", "here\n");
    work.put("fixed/file", "here\n");
    set("closed.txt", 0o000);
    set("closed", 0o000);
    set("fixed", 0o500);
    let denied = |outcome| {
        let error = wrong(outcome);
        assert!(error.to_lowercase().contains("permission denied"), "{error}");
    };
    denied(work.alone("read", json!({"filePath": "closed.txt"})).await);
    denied(work.alone("read", json!({"filePath": "closed"})).await);
    denied(work.alone("read", json!({"filePath": "closed/file"})).await);
    denied(work.agreed("write", json!({"filePath": "fixed/new", "content": ""})).await);
    denied(work.agreed("write", json!({"filePath": "fixed/file", "content": ""})).await);
    denied(work.agreed("write", json!({"filePath": "fixed/new/file", "content": ""})).await);
    let found = text(work.alone("grep", json!({"pattern": "here", "include": "*.txt"})).await);
    let expected = "open.txt\n  1: here\n(1 found) (not readable: 2)";
    assert_eq!(found, expected);
    set("closed", 0o700);
    set("fixed", 0o700);
    assert_eq!(work.text("fixed/file"), "here\n");
    say("done");
}

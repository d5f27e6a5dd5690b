//! Links that are put in the way of a call after it was looked at, and while it runs.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::work::{Work, text, wrong};

#[tokio::test]
async fn what_was_inside_when_agreed_to_is_not_written_outside() {
    let work = Work::new();
    work.put("sub/file", "old");
    for (tool, params) in [
        ("write", json!({"filePath": "sub/file", "content": "new"})),
        ("edit", json!({"filePath": "sub/file", "oldString": "old", "newString": "new"})),
        ("bash", json!({"command": "echo new > file", "workdir": "sub"})),
    ] {
        let mut context = work.context();
        context.approved = work.asks(tool, &params);
        fs::rename(work.dir.join("sub"), work.dir.join("kept")).unwrap();
        work.link("../outside", "sub");
        let error = wrong(work.run(tool, params, context).await);
        assert!(error.starts_with("this was approved:"), "{error}");
        assert!(error.contains("outside of the working directory"), "{error}");
        fs::remove_file(work.dir.join("sub")).unwrap();
        fs::rename(work.dir.join("kept"), work.dir.join("sub")).unwrap();
    }
    assert_eq!(work.text("sub/file"), "old");
    assert_eq!(fs::read_dir(&work.outside).unwrap().count(), 1);
}

#[tokio::test]
async fn agreeing_to_one_place_outside_is_not_agreeing_to_another() {
    let work = Work::new();
    fs::write(work.outside.join("harmless.txt"), "harmless").unwrap();
    work.link("../outside/harmless.txt", "link");
    let params = json!({"filePath": "link"});
    let mut context = work.context();
    context.approved = work.asks("read", &params);
    fs::remove_file(work.dir.join("link")).unwrap();
    work.link("../outside/secret.txt", "link");
    let error = wrong(work.run("read", params, context).await);
    assert!(error.starts_with("this was approved:") && error.contains("secret.txt"), "{error}");
}

/// Puts a directory and a link to outside in each other's place, over and over, until dropped.
struct Swapper<'a> {
    stop: &'a AtomicBool,
}

impl Drop for Swapper<'_> {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// `sub` is a directory with a file of its own, or a link to outside, at any moment.
#[test]
fn no_call_gets_outside_while_a_link_is_swapped_in_and_out() {
    let work = Work::new();
    work.put("sub/secret.txt", "mine\n");
    fs::write(work.outside.join("theirs.txt"), "").unwrap();
    work.link("../outside", "link");
    let (sub, link) = (work.dir.join("sub"), work.dir.join("link"));
    let stop = AtomicBool::new(false);
    let (read, refused) = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let flags = rustix::fs::RenameFlags::EXCHANGE;
                let at = rustix::fs::CWD;
                rustix::fs::renameat_with(at, &sub, at, &link, flags).unwrap();
            }
        });
        let _swapper = Swapper { stop: &stop };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(try_all(&work))
    });
    // Both happened, so there was something to win.
    assert!(read > 0 && refused > 0, "{read} read, {refused} refused");
    assert_eq!(fs::read_to_string(work.outside.join("secret.txt")).unwrap(), "the secret\n");
    assert_eq!(fs::read_dir(&work.outside).unwrap().count(), 2);
}

async fn try_all(work: &Work) -> (usize, usize) {
    let (mut read, mut refused) = (0, 0);
    // As long as it takes to see both ends of it, and then some more.
    let mut round = 0;
    while round < 1_000 || (round < 100_000 && (read == 0 || refused == 0)) {
        round += 1;
        let outcome = work.alone("read", json!({"filePath": "sub/secret.txt"})).await;
        match outcome {
            Ok(given) => {
                assert!(text(Ok(given)).contains("1: mine"));
                read += 1;
            }
            Err(_) => refused += 1,
        }
        for (tool, params) in [
            ("grep", json!({"pattern": "secret", "path": "sub"})),
            ("grep", json!({"pattern": "the secret"})),
            ("glob", json!({"pattern": "*.txt", "path": "sub"})),
            ("glob", json!({"pattern": "*.txt"})),
            ("read", json!({"filePath": "sub"})),
        ] {
            if let Ok(given) = work.alone(tool, params).await {
                let given = text(Ok(given));
                assert!(!given.contains("the secret") && !given.contains("theirs"), "{given}");
            }
        }
        // Agreed to only while it is inside.
        let params = json!({"filePath": "sub/new.txt", "content": "mine"});
        let mut context = work.context();
        context.approved = work.asks("write", &params).filter(|asks| !asks.contains("outside of"));
        let _ = work.run("write", params, context).await;
    }
    (read, refused)
}

//! `bash`.

use std::fs;
use std::io::BufReader;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, test_kill_process};
use serde_json::json;

use crate::support::{hear, player, plays, say};
use crate::work::{Work, text, wrong};

/// Whether the process still runs. One that ended but was not collected yet does not.
fn runs(pid: i32) -> bool {
    if test_kill_process(Pid::from_raw(pid).unwrap()).is_err() {
        return false;
    }
    let state = fs::read_to_string(format!("/proc/{pid}/stat"));
    !state.is_ok_and(|line| line.rsplit(')').next().unwrap().trim_start().starts_with('Z'))
}

async fn assert_soon_gone(pid: i32) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while runs(pid) {
        assert!(Instant::now() < deadline, "process {pid} still runs");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The number in a file, once it is there.
async fn number_in(path: &Path) -> i32 {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let text = fs::read_to_string(path).unwrap_or_default();
        if let Some(number) = text.strip_suffix('\n') {
            return number.parse().unwrap();
        }
        assert!(Instant::now() < deadline, "{} was not written", path.display());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Starts a child that ignores SIGTERM, says its number in `pid`, and hangs.
const HANGS: &str = "(trap '' TERM; echo ${BASHPID:-$(sh -c 'echo $PPID')} > pid; \
                     while :; do sleep 300; done) & echo begun; wait";

#[tokio::test]
async fn a_command_gives_its_output_in_order_and_its_exit_status() {
    let work = Work::new();
    work.put("größe.txt", "hello 字\n");
    let told = text(work.bash("cat größe.txt; echo out; echo err >&2; echo again").await);
    assert_eq!(told, "hello 字\nout\nerr\nagain\n[exit status 0]");
    assert_eq!(text(work.bash("printf x; exit 3").await), "x\n[exit status 3]");
    assert_eq!(text(work.bash("true").await), "[exit status 0]");
    assert!(text(work.bash("kill -9 $$").await).contains("ended by signal 9"));
    assert!(text(work.bash("no-such-program-here").await).contains("[exit status 127]"));
}

#[tokio::test]
#[ignore = "a role of the test below"]
async fn role_has_keys() {
    if plays("commands::role_has_keys") {
        say(text(Work::new().bash("env").await).replace('\n', ";").as_str());
    }
}

#[test]
fn a_command_is_not_given_the_keys_of_models() {
    let mut role = player("commands::role_has_keys");
    let keys =
        ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "OPENCODE_SERVER_PASSWORD"];
    role.envs(keys.map(|key| (key, "sk-secret"))).env("MY_SETTING", "kept");
    let mut role = role.spawn().unwrap();
    let mut said = BufReader::new(role.stdout.take().unwrap());
    let environment = hear(&mut said).unwrap();
    while hear(&mut said).is_some() {}
    assert!(role.wait().unwrap().success());
    assert!(environment.contains("MY_SETTING=kept"), "{environment}");
    assert!(!environment.contains("sk-secret"), "{environment}");
}

#[tokio::test]
async fn a_command_runs_where_it_is_told_to() {
    let work = Work::new();
    work.put("sub/x", "");
    let told = text(work.bash("pwd -P").await);
    assert_eq!(told, format!("{}\n[exit status 0]", work.dir.display()));
    let params = json!({"command": "ls", "workdir": "sub"});
    let asks = work.asks("bash", &params).unwrap();
    assert_eq!(asks, format!("run in {}/sub: ls", work.dir.display()));
    assert_eq!(text(work.agreed("bash", params).await), "x\n[exit status 0]");
    let params = json!({"command": "ls", "workdir": work.outside});
    assert!(work.asks("bash", &params).unwrap().contains("outside of the working directory"));
    assert!(text(work.agreed("bash", params).await).starts_with("secret.txt"));
    let error = wrong(work.agreed("bash", json!({"command": "ls", "workdir": "sub/x"})).await);
    assert!(error.contains("is no directory"), "{error}");
}

#[tokio::test]
async fn a_person_is_shown_the_whole_command() {
    let work = Work::new();
    let params = json!({"command": "echo 'a'\nrm -rf \u{1b}[8m/", "description": "says a"});
    let asks = work.asks("bash", &params).unwrap();
    let expected = format!("run in {}: echo 'a'\nrm -rf \\u{{1b}}[8m/", work.dir.display());
    assert_eq!(asks, expected);
}

#[tokio::test]
async fn a_command_has_no_input_to_wait_for() {
    let work = Work::new();
    assert_eq!(text(work.bash("cat; echo done").await), "done\n[exit status 0]");
}

#[tokio::test]
async fn a_command_out_of_time_is_ended_with_its_children() {
    let work = Work::new();
    let outcome = work.agreed("bash", json!({"command": HANGS, "timeout": 2_000})).await;
    let error = wrong(outcome);
    assert!(error.starts_with("begun\n"), "{error}");
    assert!(error.contains("it was still running after 2s"), "{error}");
    assert_soon_gone(number_in(&work.dir.join("pid")).await).await;
}

#[tokio::test]
async fn a_cancelled_command_is_ended_with_its_children() {
    let work = Work::new();
    let params = json!({"command": HANGS});
    let mut context = work.context();
    context.approved = work.asks("bash", &params);
    let cancelled = context.cancelled.clone();
    let cancel = async {
        let pid = number_in(&work.dir.join("pid")).await;
        assert!(runs(pid));
        cancelled.cancel();
        pid
    };
    let (outcome, pid) = tokio::join!(work.run("bash", params, context), cancel);
    let error = wrong(outcome);
    assert!(error.contains("begun") && error.contains("[it was cancelled"), "{error}");
    assert_soon_gone(pid).await;
}

#[tokio::test]
async fn a_command_whose_call_is_forgotten_is_ended_with_its_children() {
    let work = Work::new();
    let pid = tokio::select! {
        outcome = work.bash(HANGS) => panic!("it ended: {outcome:?}"),
        pid = async { number_in(&work.dir.join("pid")).await } => pid,
    };
    assert_soon_gone(pid).await;
}

#[tokio::test]
async fn a_call_that_is_cancelled_before_it_runs_does_nothing() {
    let work = Work::new();
    let params = json!({"command": "echo x > made"});
    let mut context = work.context();
    context.approved = work.asks("bash", &params);
    context.cancelled.cancel();
    assert_eq!(wrong(work.run("bash", params, context).await), "cancelled");
    work.assert_holds(&[]);
}

#[tokio::test]
async fn a_process_left_in_the_background_is_not_waited_for() {
    let work = Work::new();
    let told = text(work.bash("sleep 300 & echo $! > pid; echo begun").await);
    assert_eq!(told, "begun\n[exit status 0; something it started is still running]");
    let pid = number_in(&work.dir.join("pid")).await;
    assert!(runs(pid));
    rustix::process::kill_process(Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL)
        .unwrap();
}

#[tokio::test]
async fn bytes_that_are_not_utf_8_are_replaced() {
    let work = Work::new();
    let told = text(work.bash(r"printf 'caf\351 \377\n'").await);
    assert_eq!(told, "caf\u{fffd} \u{fffd}\n[exit status 0]");
}

#[tokio::test]
async fn a_command_that_is_none_is_refused() {
    let work = Work::new();
    for command in ["", "  \n", "echo\0"] {
        let error = wrong(work.agreed("bash", json!({"command": command})).await);
        assert!(error.contains("empty, or has a NUL"), "{error}");
    }
}

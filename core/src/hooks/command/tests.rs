use std::thread;

use rustix::process::{Pid, test_kill_process};

use super::*;

fn limits(timeout: Duration) -> Limits {
    Limits { timeout, stop_grace: Duration::from_millis(50), output_cap: HOOK_OUTPUT_CAP }
}

fn run_for(event: &HookEvent, command: &str) -> Outcome {
    run(&Hook::new("*", command).unwrap(), event, limits(Duration::from_secs(60)))
}

fn run_command(command: &str) -> Outcome {
    run_for(&HookEvent::session_start("s"), command)
}

fn run_out_of_time(command: &str) -> Outcome {
    let hook = Hook::new("*", command).unwrap();
    run(&hook, &HookEvent::session_start("s"), limits(Duration::from_secs(1)))
}

/// Whether the process still runs. One that ended but was not collected yet does not.
fn runs(pid: &str) -> bool {
    let number = pid.trim().parse().expect(pid);
    if test_kill_process(Pid::from_raw(number).unwrap()).is_err() {
        return false;
    }
    let state = std::fs::read_to_string(format!("/proc/{number}/stat"));
    !state.is_ok_and(|line| line.rsplit(')').next().unwrap().trim_start().starts_with('Z'))
}

fn assert_soon_gone(pid: &str) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while runs(pid) {
        assert!(Instant::now() < deadline, "process {pid} still runs");
        thread::yield_now();
    }
}

#[test]
fn shell_syntax_quotes_and_newlines_in_a_title_are_data() {
    let directory = tempfile::tempdir().unwrap();
    let title = "$(touch a) `touch b` \"; touch c; '\n touch d\n%PATH% \\ é";
    let event = HookEvent::session_start("$(touch e)")
        .with_title(title)
        .with_working_dir(directory.path().to_str().unwrap());
    let outcome =
        run_for(&event, r#"printf '%s|%s' "$OPENCODE_SESSION_TITLE" "$OPENCODE_SESSION_ID""#);
    assert_eq!(outcome.stdout, format!("{title}|$(touch e)"));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_command_out_of_time_is_ended_with_everything_it_started() {
    let outcome = run_out_of_time("sleep 300 & echo $!; sleep 300");
    assert!(outcome.timed_out);
    assert_eq!(outcome.exit_code, None);
    assert!(outcome.error.unwrap().contains("after 1s"));
    assert_soon_gone(&outcome.stdout);
    assert!(outcome.duration < Duration::from_secs(100));
}

#[test]
fn a_command_that_ignores_being_asked_is_made_to_end() {
    let outcome = run_out_of_time("trap '' TERM; sleep 300 & echo $!; while :; do sleep 300; done");
    assert!(outcome.timed_out);
    assert_soon_gone(&outcome.stdout);
}

#[test]
fn a_command_out_of_time_may_still_clean_up_and_say_so() {
    let hook = Hook::new("*", "trap 'echo cleaned; exit 3' TERM; sleep 300 & wait").unwrap();
    let limits = Limits { stop_grace: Duration::from_secs(60), ..limits(Duration::from_secs(1)) };
    let outcome = run(&hook, &HookEvent::session_end("s"), limits);
    assert!(outcome.timed_out);
    assert_eq!((outcome.exit_code, &*outcome.stdout), (Some(3), "cleaned\n"));
}

#[test]
fn a_process_left_in_the_background_is_neither_waited_for_nor_ended() {
    let outcome = run_command("sleep 300 & echo $!");
    assert_eq!((outcome.exit_code, outcome.timed_out, outcome.error), (Some(0), false, None));
    assert!(outcome.duration < Duration::from_secs(100));
    assert!(runs(&outcome.stdout));
    let pid = Pid::from_raw(outcome.stdout.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn a_command_that_closes_its_output_is_still_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let event = HookEvent::session_end("s").with_working_dir(directory.path().to_str().unwrap());
    let outcome = run_for(&event, "exec >&- 2>&-; sleep 0.1; : > done; exit 4");
    assert_eq!(outcome.exit_code, Some(4));
    assert!(directory.path().join("done").exists());
}

#[test]
fn output_beyond_the_cap_is_read_and_cut_with_a_note_at_a_whole_character() {
    // A byte, then characters of two bytes: the cap falls inside one.
    let outcome = run_command(
        "printf x; yes éééééééééééééééééééé | tr -d '\\n' | head -c 1000000; echo end >&2",
    );
    assert_eq!(outcome.exit_code, Some(0));
    let (kept, note) = outcome.stdout.split_once('\n').unwrap();
    assert_eq!(kept.len(), HOOK_OUTPUT_CAP - 1);
    assert!(kept.strip_prefix('x').unwrap().chars().all(|c| c == 'é'));
    assert_eq!(note, "[output cut: 29999 of 1000001 bytes kept]");
    assert_eq!(outcome.stderr, "end\n");
}

#[test]
fn output_of_exactly_the_cap_is_whole_and_bytes_that_are_no_text_are_replaced() {
    let outcome = run_command("head -c 30000 /dev/zero | tr '\\0' x; printf 'a\\377b' >&2");
    assert_eq!(outcome.stdout, "x".repeat(HOOK_OUTPUT_CAP));
    assert_eq!(outcome.stderr, "a\u{FFFD}b");
}

#[test]
fn a_value_no_environment_can_hold_is_an_error_that_names_it() {
    let event = HookEvent::session_start("s");
    for (event, named) in [
        (event.clone().with_title("a\0b"), "OPENCODE_SESSION_TITLE contains a NUL"),
        (HookEvent::session_start("a\0b"), "OPENCODE_SESSION_ID contains a NUL"),
        (event.clone().with("a=b", ""), r#""a=b""#),
        (event.clone().with("", ""), r#""""#),
    ] {
        let outcome = run_for(&event, "echo ran");
        assert_eq!((outcome.exit_code, &*outcome.stdout), (None, ""));
        assert!(outcome.error.as_ref().unwrap().contains(named), "{outcome:?}");
    }
    let hook = Hook::new("*", "echo ran").unwrap().with_env("A=B", "");
    let outcome = run(&hook, &event, limits(Duration::from_secs(60)));
    assert!(outcome.error.unwrap().contains(r#""A=B""#));
}

#[test]
fn an_event_too_large_for_an_environment_is_an_error() {
    let event = HookEvent::session_error("s", "x".repeat(64 * 1024 * 1024));
    let outcome = run_for(&event, "echo ran");
    assert_eq!((outcome.exit_code, &*outcome.stdout), (None, ""));
    assert!(outcome.error.unwrap().contains("could not be started"));
}

#[test]
fn a_command_gets_the_hooks_variables_but_the_events_data_is_its_own() {
    let hook = Hook::new("*", "echo $COLOUR $OPENCODE_SESSION_ID")
        .unwrap()
        .with_env("COLOUR", "blue")
        .with_env("OPENCODE_SESSION_ID", "another");
    let outcome = run(&hook, &HookEvent::session_start("mine"), limits(Duration::from_secs(60)));
    assert_eq!(outcome.stdout, "blue mine\n");
}

#[test]
fn a_command_runs_in_the_sessions_directory_or_where_the_program_runs_if_that_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let there = directory.path().canonicalize().unwrap();
    let event = HookEvent::session_start("s").with_working_dir(there.to_str().unwrap());
    assert_eq!(Path::new(run_for(&event, "pwd -P").stdout.trim_end()), there);

    let here = std::env::current_dir().unwrap().canonicalize().unwrap();
    let gone = event.with_working_dir(there.join("gone").to_str().unwrap());
    assert_eq!(Path::new(run_for(&gone, "pwd -P").stdout.trim_end()), here);
}

#[test]
fn a_command_has_no_input_and_its_ending_by_a_signal_is_told() {
    assert_eq!(run_command("cat; echo over").stdout, "over\n");
    let outcome = run_command("kill -9 $$");
    assert_eq!((outcome.exit_code, outcome.timed_out), (None, false));
    assert!(outcome.error.unwrap().contains("signal 9"));
}

#[test]
fn a_timeout_beyond_what_the_clock_can_count_is_none() {
    let hook = Hook::new("*", "echo ran").unwrap();
    assert_eq!(run(&hook, &HookEvent::session_save("s"), limits(Duration::MAX)).stdout, "ran\n");
}

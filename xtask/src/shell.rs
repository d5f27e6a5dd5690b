//! Running programs from the repository's root, showing what is run.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The repository's root, wherever the chore was started.
pub(crate) fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// A path below the root, whether or not something is there.
pub(crate) fn path(below_root: &str) -> PathBuf {
    root().join(below_root)
}

/// A command that starts in the root.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// The cargo that started this program, with its arguments.
pub(crate) fn cargo<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args);
    command
}

/// Shows and runs a command to its end; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = describe(command);
    println!("$ {line}");
    let status = command.status().with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}

/// Runs a command and returns what it wrote to standard output; errors still go to the terminal.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let line = describe(command);
    println!("$ {line}");
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !output.status.success() {
        bail!("`{line}` failed: {}", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` wrote no UTF-8"))
}

/// The first line a program answers with, or `None` when it is not here or does not work.
pub(crate) fn answer(program: impl AsRef<OsStr>, args: &[&str]) -> Option<String> {
    let output = command(program).args(args).stdin(Stdio::null()).output().ok()?;
    if !output.status.success() {
        return None;
    }
    // Some, such as `kotlinc -version`, answer on standard error.
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    let first = String::from_utf8_lossy(&text).lines().next()?.trim().to_owned();
    (!first.is_empty()).then_some(first)
}

/// The command as a person would type it, with paths below the root shortened.
fn describe(command: &Command) -> String {
    let shorten = |word: &OsStr| {
        let word = Path::new(word);
        let short = word.strip_prefix(root()).unwrap_or(word);
        let name = short.to_string_lossy();
        if name.ends_with("/bin/cargo") { "cargo".to_owned() } else { name.into_owned() }
    };
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(shorten)
        .collect::<Vec<_>>()
        .join(" ")
}

//! The pages of `docs/` that are written from the code.

use std::fs;

use anyhow::{Context, Result, bail};
use opencode_sessions::ErrorCode;

use crate::{report, shell};

const ERRORS: &str = "docs/errors.md";

pub(crate) fn write() -> Result<()> {
    fs::create_dir_all(shell::path("docs"))
        .and_then(|()| fs::write(shell::path(ERRORS), errors()))
        .with_context(|| format!("cannot write {ERRORS}"))?;
    println!("wrote {ERRORS}");
    Ok(())
}

/// Fails when a page is not what the code would write now.
pub(crate) fn check() -> Result<()> {
    let found =
        fs::read_to_string(shell::path(ERRORS)).with_context(|| format!("cannot read {ERRORS}"))?;
    if found != errors() {
        bail!("{ERRORS} does not follow the code; `cargo xtask docs` writes it anew");
    }
    println!("{ERRORS} follows the code");
    Ok(())
}

fn errors() -> String {
    let rows: Vec<Vec<String>> = ErrorCode::TABLE
        .iter()
        .map(|entry| {
            let code = format!("`{}`", entry.name);
            let python = format!("`{}`", entry.python);
            vec![code, python, entry.when.to_owned(), entry.hint.to_owned()]
        })
        .collect();
    format!(
        "# Errors\n\n\
         Every error carries one of these codes. A code never changes its meaning and is the same in every\n\
         language: `OpencodeError::code()` in Rust, `error.code` in Python, where the classes are in\n\
         `opencode.errors` under the root `OpencodeError`. An error's own hint can say more than this table.\n\n\
         {}\n\
         Written from `ErrorCode::TABLE` in `core/src/error/code.rs` by `cargo xtask docs`.\n",
        report::table(&["code", "Python class", "when", "what to do"], &rows)
    )
}

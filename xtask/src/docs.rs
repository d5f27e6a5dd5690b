//! What is written from the code: pages of `docs/`, and the Python client that waits.

use std::fs;

use anyhow::{Context, Result, bail};
use opencode_sessions::ErrorCode;

use crate::{report, shell};

const ERRORS: &str = "docs/errors.md";
const ASYNC_CLIENT: &str = "python/opencode/client/_async.py";
const SYNC_CLIENT: &str = "python/opencode/client/_sync.py";

/// Each file and what it holds.
fn written() -> Result<[(&'static str, String); 2]> {
    Ok([(ERRORS, errors()), (SYNC_CLIENT, without_async(&read(ASYNC_CLIENT)?))])
}

fn read(file: &str) -> Result<String> {
    fs::read_to_string(shell::path(file)).with_context(|| format!("cannot read {file}"))
}

pub(crate) fn write() -> Result<()> {
    for (file, text) in written()? {
        fs::write(shell::path(file), text).with_context(|| format!("cannot write {file}"))?;
        println!("wrote {file}");
    }
    Ok(())
}

/// Fails when a file is not what the code would write now.
pub(crate) fn check() -> Result<()> {
    for (file, text) in written()? {
        if read(file)? != text {
            bail!("{file} does not follow the code; `cargo xtask docs` writes it anew");
        }
        println!("{file} follows the code");
    }
    Ok(())
}

/// The same Python for a thread that waits.
fn without_async(source: &str) -> String {
    const WORDS: [(&str, &str); 7] = [
        (
            "The client, as coroutines. ``_sync.py`` is written from this file by",
            "The client that waits. Written from ``_async.py`` by",
        ),
        ("async def ", "def "),
        ("await ", ""),
        ("__aenter__", "__enter__"),
        ("__aexit__", "__exit__"),
        ("aclose", "close"),
        ("Async", ""),
    ];
    WORDS.iter().fold(source.to_owned(), |text, (word, other)| text.replace(word, other))
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

#[cfg(test)]
mod tests {
    use super::{read, without_async};

    #[test]
    fn every_test_that_the_checklist_names_exists() {
        let page = read("docs/server-checklist.md").unwrap();
        let named: Vec<(&str, &str)> =
            page.split('`').filter_map(|word| word.split_once("::")).collect();
        assert!(named.len() > 40);
        for (module, test) in named.into_iter().filter(|(_, test)| test.matches('_').count() > 2) {
            let there = ["server", "client_faults", "wire"].iter().any(|suite| {
                read(&format!("core/tests/{suite}/{module}.rs"))
                    .is_ok_and(|tests| tests.contains(&format!("fn {test}()")))
            });
            assert!(there, "there is no test {module}::{test}");
        }
    }

    #[test]
    fn a_coroutine_becomes_a_function_that_waits() {
        let source = "class AsyncA:\n    async def aclose(self) -> None:\n        await self.b()\n";
        let waits = "class A:\n    def close(self) -> None:\n        self.b()\n";
        assert_eq!(without_async(source), waits);
    }
}

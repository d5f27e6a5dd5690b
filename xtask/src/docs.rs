//! What is written from the code: pages of `docs/`, and the Python client that waits.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};
use opencode_sessions::ErrorCode;

use crate::api::Api;
use crate::{report, shell};

const ERRORS: &str = "docs/errors.md";
const API: &str = "docs/api.md";
const ASYNC_CLIENT: &str = "python/opencode/client/_async";
const SYNC_CLIENT: &str = "python/opencode/client/_sync";

/// Each file and what it holds.
fn written() -> Result<Vec<(String, String)>> {
    let mut files = vec![(ERRORS.to_owned(), errors()), (API.to_owned(), Api::read()?.page()?)];
    for name in names_in(ASYNC_CLIENT)? {
        let source = read(&format!("{ASYNC_CLIENT}/{name}"))?;
        files.push((format!("{SYNC_CLIENT}/{name}"), without_async(&source)));
    }
    Ok(files)
}

/// The Python files of a folder.
fn names_in(dir: &str) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(shell::path(dir)).with_context(|| format!("cannot read {dir}"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".py") {
            names.insert(name);
        }
    }
    Ok(names)
}

fn read(file: &str) -> Result<String> {
    fs::read_to_string(shell::path(file)).with_context(|| format!("cannot read {file}"))
}

pub(crate) fn write() -> Result<()> {
    for (file, text) in written()? {
        fs::write(shell::path(&file), text).with_context(|| format!("cannot write {file}"))?;
        println!("wrote {file}");
    }
    Ok(())
}

/// Fails when a file is not what the code would write now.
pub(crate) fn check() -> Result<()> {
    for (file, text) in written()? {
        if read(&file)? != text {
            bail!("{file} does not follow the code; `cargo xtask docs` writes it anew");
        }
        println!("{file} follows the code");
    }
    if let Some(stray) = names_in(SYNC_CLIENT)?.difference(&names_in(ASYNC_CLIENT)?).next() {
        bail!("{SYNC_CLIENT}/{stray} is written from nothing");
    }
    Ok(())
}

/// The same Python for a thread that waits.
fn without_async(source: &str) -> String {
    const WORDS: [(&str, &str); 8] = [
        (
            "The client, as coroutines. ``_sync`` is written from these files by",
            "The client that waits. Written from ``_async`` by",
        ),
        ("client._async.", "client._sync."),
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
         `opencode.errors` under the root `OpencodeError`, and `error.code` in TypeScript, where every error is an\n\
         `OpencodeError` with `code, sessionId, status, retryable, hint` and what else is known of it. An error's own hint\n\
         can say more than this table.\n\n\
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

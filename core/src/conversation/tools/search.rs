//! Finding files, as `grep` and `glob` do: those that are not ignored, the newest first.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use globset::{GlobBuilder, GlobMatcher};
use ignore::WalkBuilder;

use super::ToolContext;
use super::built_in::check_cancelled;
use super::place::Place;

/// Which names are wanted.
pub(super) struct Wanted {
    matcher: GlobMatcher,
    /// Whether it is about a whole path, not only a file's name.
    is_path: bool,
}

impl Wanted {
    /// A pattern with a slash is about the path below `place`, one without about the name alone.
    pub(super) fn parse(pattern: &str, place: &Place) -> Result<Self, String> {
        let plain = match Path::new(pattern).strip_prefix(&place.path) {
            Ok(below) => below.to_str().unwrap_or(pattern),
            Err(_) if Path::new(pattern).is_absolute() => {
                return Err(format!(
                    "the pattern {pattern:?} is not below {}: give the directory as path",
                    place.path.display()
                ));
            }
            Err(_) => pattern.trim_start_matches("./"),
        };
        if plain.is_empty() || Path::new(plain).components().any(|part| part.as_os_str() == "..") {
            return Err(format!(
                "not a pattern of paths below a directory: {pattern:?}; give the directory as path"
            ));
        }
        let matcher = GlobBuilder::new(plain)
            .literal_separator(true)
            .build()
            .map_err(|error| format!("not a pattern: {error}"))?
            .compile_matcher();
        Ok(Self { matcher, is_path: plain.contains('/') })
    }

    fn wants(&self, relative: &Path) -> bool {
        match self.is_path {
            true => self.matcher.is_match(relative),
            false => relative.file_name().is_some_and(|name| self.matcher.is_match(name)),
        }
    }
}

/// The files below a directory.
pub(super) struct Files {
    /// From the directory, the last changed first, then by name.
    pub(super) paths: Vec<PathBuf>,
    /// How many files and directories could not be looked at.
    pub(super) unreadable: usize,
}

/// Links are not followed, `.git` is left out, and so is what `.gitignore` files say, in a git
/// repository or not.
pub(super) fn files(
    place: &Place,
    wanted: Option<&Wanted>,
    context: &ToolContext,
) -> Result<Files, String> {
    let mut found: Vec<(SystemTime, PathBuf)> = Vec::new();
    let mut unreadable = 0;
    let walk = WalkBuilder::new(&place.path)
        .hidden(false)
        .require_git(false)
        .filter_entry(|entry| entry.depth() == 0 || entry.file_name() != ".git")
        .build();
    for entry in walk {
        check_cancelled(context)?;
        let Ok(entry) = entry else {
            unreadable += 1;
            continue;
        };
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let Ok(relative) = entry.path().strip_prefix(&place.path) else { continue };
        if wanted.is_some_and(|wanted| !wanted.wants(relative)) {
            continue;
        }
        match entry.metadata().map(|about| about.modified()) {
            Ok(changed) => {
                found.push((changed.unwrap_or(SystemTime::UNIX_EPOCH), relative.to_owned()));
            }
            Err(_) => unreadable += 1,
        }
    }
    found.sort_unstable_by(|(a_at, a), (b_at, b)| b_at.cmp(a_at).then_with(|| a.cmp(b)));
    Ok(Files { paths: found.into_iter().map(|(_, path)| path).collect(), unreadable })
}

/// How many could not be looked at, in brackets; nothing if all could.
pub(super) fn note_unreadable(count: usize) -> String {
    match count {
        0 => String::new(),
        count => format!(" (not readable: {count})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_about_names_or_paths() {
        let place = Place { path: "/w/src".into(), base: "/w".into() };
        let wants = |pattern, path| Wanted::parse(pattern, &place).unwrap().wants(Path::new(path));
        assert!(wants("*.rs", "a/b.rs"));
        assert!(wants("*.{rs,toml}", "a/b.toml"));
        assert!(wants("**/*.rs", "b.rs"));
        assert!(wants("./a/*.rs", "a/b.rs"));
        assert!(wants("/w/src/a/**", "a/b/c.rs"));
        assert!(!wants("a/*.rs", "a/b/c.rs"));
        assert!(!wants("a/*.rs", "x/a/b.rs"));
        for wrong in ["", "../*", "/etc/*", "a/../../b", "[", "/w/src"] {
            assert!(Wanted::parse(wrong, &place).is_err(), "{wrong}");
        }
    }
}

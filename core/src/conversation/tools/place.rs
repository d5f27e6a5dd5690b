//! Where a path leads: what a call would really touch, and whether that is in the working
//! directory.
//!
//! Every symbolic link on the way is followed here, by name, also one whose target is not there
//! yet. What comes out has no links in it, and is opened without following any (`folder`),
//! so that a link put in its way afterwards leads nowhere.

use std::ffi::OsString;
use std::fmt::Write;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::ToolContext;

/// So many links on the way are a loop, as for the system.
const LINKS: usize = 40;

/// A path without links, of something that need not be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    /// The working directory, without links.
    pub(super) base: PathBuf,
}

impl Place {
    /// Where `given` leads from the working directory.
    pub(super) fn of(given: &str, context: &ToolContext) -> Result<Self, String> {
        if given.contains('\0') {
            return Err(format!("not a path: {given:?}"));
        }
        let base = &context.working_dir;
        if !base.is_absolute() {
            return Err(format!("the working directory is not absolute: {}", base.display()));
        }
        let base = resolve(base).map_err(|error| {
            format!("the working directory {} cannot be used: {error}", base.display())
        })?;
        let path = resolve(&base.join(given)).map_err(|error| format!("{given}: {error}"))?;
        Ok(Self { path, base })
    }

    pub(super) fn is_inside(&self) -> bool {
        self.path.starts_with(&self.base)
    }

    /// What a person is asked about doing `what` to it, if it is outside.
    pub(super) fn asks_outside(&self, what: &str) -> Option<String> {
        (!self.is_inside()).then(|| self.asks(what))
    }

    /// What a person is asked about doing `what` to it. It names the place in full, so that two
    /// places never ask the same.
    pub(super) fn asks(&self, what: &str) -> String {
        let mut text = format!("{what} {}", readable(&self.path.to_string_lossy()));
        if !self.is_inside() {
            let base = readable(&self.base.to_string_lossy());
            let _ = write!(text, ", which is outside of the working directory {base}");
        }
        text
    }

    /// Its name for the model: from the working directory, or in full if it is outside.
    pub(super) fn shown(&self) -> String {
        self.shown_below(Path::new(""))
    }

    /// The same of something below it.
    pub(super) fn shown_below(&self, relative: &Path) -> String {
        let full = match relative.as_os_str().is_empty() {
            true => self.path.clone(),
            false => self.path.join(relative),
        };
        match full.strip_prefix(&self.base) {
            Ok(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
            Ok(inside) => inside.display().to_string(),
            Err(_) => full.display().to_string(),
        }
    }
}

/// A text in which nothing is hidden from a person's eyes: no control characters, and none that
/// turn the direction of writing.
pub(super) fn readable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' | '"' | '\'' | '\\' => shown.push(c),
            c => shown.extend(c.escape_debug()),
        }
    }
    shown
}

/// An absolute path with every link followed.
pub(super) fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut done = PathBuf::new();
    let mut rest: Vec<OsString> = Vec::new();
    let mut links = 0;
    let mut is_missing = false;
    push(&mut rest, path);
    while let Some(name) = rest.pop() {
        match Path::new(&name).components().next() {
            Some(Component::Prefix(_) | Component::RootDir) => {
                done.push(&name);
                is_missing = false;
            }
            Some(Component::ParentDir) if is_missing => return Err(io::ErrorKind::NotFound.into()),
            Some(Component::ParentDir) => {
                done.pop();
            }
            Some(Component::Normal(name)) => {
                let next = done.join(name);
                match next.symlink_metadata() {
                    _ if is_missing => done = next,
                    Ok(found) if found.is_symlink() => {
                        links += 1;
                        if links > LINKS {
                            return Err(io::Error::other("too many levels of symbolic links"));
                        }
                        push(&mut rest, &next.read_link()?);
                    }
                    Ok(found) if !found.is_dir() && !rest.is_empty() => {
                        return Err(io::ErrorKind::NotADirectory.into());
                    }
                    Ok(_) => done = next,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        is_missing = true;
                        done = next;
                    }
                    Err(error) => return Err(error),
                }
            }
            Some(Component::CurDir) | None => {}
        }
    }
    Ok(done)
}

/// Puts a path's components on top, the first uppermost.
fn push(rest: &mut Vec<OsString>, path: &Path) {
    rest.extend(path.components().rev().map(|part| part.as_os_str().to_owned()));
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn at(dir: &Path) -> impl Fn(&str) -> Result<Place, String> {
        let context = ToolContext::new("s", dir);
        move |given| Place::of(given, &context)
    }

    #[test]
    fn a_path_leads_where_the_system_would_go() {
        let top = tempfile::tempdir().unwrap();
        let top = top.path().canonicalize().unwrap();
        let work = top.join("work");
        fs::create_dir_all(work.join("src/deep")).unwrap();
        fs::create_dir(top.join("other")).unwrap();
        fs::write(work.join("file"), "").unwrap();
        for (target, link) in [
            ("src", "in"),
            ("../other", "out"),
            ("../other/new", "dangling"),
            ("dangling", "chain"),
            ("loop", "loop"),
            ("/", "root"),
            ("src/deep", "deep"),
            ("../work", "round"),
        ] {
            symlink(target, work.join(link)).unwrap();
        }
        let place = at(&work);
        let inside = |given: &str| {
            let place = place(given).unwrap();
            assert!(place.is_inside(), "{given}");
            place.path.strip_prefix(&work).unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(inside(""), "");
        assert_eq!(inside("."), "");
        assert_eq!(inside("file"), "file");
        assert_eq!(inside("./src//deep/../x"), "src/x");
        assert_eq!(inside("in/x"), "src/x");
        assert_eq!(inside("new/a/b"), "new/a/b");
        // The parent of a link is that of its target.
        assert_eq!(inside("deep/../x"), "src/x");
        assert_eq!(inside("round/x"), "x");
        assert_eq!(inside("../work/x"), "x");
        assert_eq!(inside(work.join("x").to_str().unwrap()), "x");

        let outside = |given: &str| {
            let place = place(given).unwrap();
            assert!(!place.is_inside(), "{given}");
            place.path
        };
        assert_eq!(outside(".."), top);
        assert_eq!(outside("../work2"), top.join("work2"));
        assert_eq!(outside("out"), top.join("other"));
        assert_eq!(outside("out/../x"), top.join("x"));
        assert_eq!(outside("dangling"), top.join("other/new"));
        assert_eq!(outside("chain"), top.join("other/new"));
        assert_eq!(outside("root"), Path::new("/"));

        for (given, why) in [
            ("loop", "too many"),
            ("new/../x", "not found"),
            ("file/x", "not a directory"),
            ("file/..", "not a directory"),
            ("a\0b", "not a path"),
        ] {
            let error = place(given).unwrap_err();
            assert!(error.to_lowercase().contains(why), "{given:?}: {error}");
        }
    }

    #[test]
    fn what_a_person_is_asked_hides_nothing() {
        let place = Place { path: "/w/a\u{1b}[2K\u{202e}b é 字".into(), base: "/w".into() };
        assert_eq!(place.asks("write"), "write /w/a\\u{1b}[2K\\u{202e}b é 字");
        let outside = Place { base: "/v".into(), ..place };
        assert!(outside.asks("read").ends_with(", which is outside of the working directory /v"));
    }
}

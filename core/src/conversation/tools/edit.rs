//! `edit`: one text of a file in the place of another.
//!
//! Files are bytes here, so that what is not UTF-8 in one is left as it is. A file whose lines end
//! with CR LF is shown to the model without the CR, and so takes texts without it.

use std::io::Read;

use memchr::memmem;
use schemars::JsonSchema;
use serde::Deserialize;

use super::ToolContext;
use super::built_in::{BuiltIn, Plan};
use super::folder::{Folder, Found, refused};
use super::place::Place;
use super::read::is_binary;
use super::write::{may_change, replace, turn};
use crate::defaults::EDIT_FILE_CAP;

pub(super) struct Edit;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Params {
    /// The file to change, from the working directory or absolute.
    file_path: String,
    /// The text to replace, exactly as it is in the file.
    old_string: String,
    /// The text to put in its place.
    new_string: String,
    /// Whether to replace oldString wherever it is; false unless set.
    replace_all: Option<bool>,
}

impl BuiltIn for Edit {
    const DESCRIPTION: &str = "Replaces a text in a file. oldString must be exactly as in the \
        file, indentation included and line numbers of read left out, and be there only once: give \
        enough of what is around it. With replaceAll, every occurrence is replaced.";
    type Params = Params;

    fn plan(params: &Params, context: &ToolContext) -> Result<Plan, String> {
        let place = Place::of(&params.file_path, context)?;
        let asks = Some(place.asks("edit"));
        Ok(Plan { place, asks })
    }

    fn run(params: Params, place: &Place, _: &ToolContext) -> Result<String, String> {
        let shown = place.shown();
        if params.old_string.is_empty() {
            return Err("oldString is empty; to make a file, use write".to_owned());
        }
        if params.old_string == params.new_string {
            return Err("oldString and newString are the same".to_owned());
        }
        let _turn = turn();
        let parent = place.path.parent().ok_or("/ is a directory")?;
        let name = place.path.file_name().unwrap_or_default();
        let folder = Folder::open(parent).map_err(|error| refused(place, &error))?;
        let (file, about) = match folder.read(name).map_err(|error| refused(place, &error))? {
            Found::File(file, about) => (file, about),
            Found::Directory(_) => return Err(format!("{shown} is a directory")),
            Found::Other => return Err(format!("{shown} is no file")),
        };
        may_change(&about.permissions(), &folder, place)?;
        let mut content = Vec::new();
        let read = file.take(EDIT_FILE_CAP + 1).read_to_end(&mut content);
        read.map_err(|error| refused(place, &error))?;
        if content.len() as u64 > EDIT_FILE_CAP {
            return Err(format!("{shown} is too large to edit: more than {EDIT_FILE_CAP} bytes"));
        }
        if is_binary(&content) {
            return Err(format!("{shown} is a binary file"));
        }
        let all = params.replace_all.unwrap_or(false);
        let Edited { content, lines } =
            edited(&content, &params.old_string, &params.new_string, all)
                .map_err(|why| format!("{shown} was not changed: {why}"))?;
        replace(&folder, place, &content, Some(about.permissions()))?;
        Ok(match lines.as_slice() {
            [line] => format!("Edited {shown}: 1 replacement, at line {line}."),
            lines => {
                format!("Edited {shown}: {} replacements, at lines {}.", lines.len(), listed(lines))
            }
        })
    }
}

#[derive(Debug)]
struct Edited {
    content: Vec<u8>,
    /// Where the old text was, in lines from 1.
    lines: Vec<usize>,
}

fn edited(content: &[u8], old: &str, new: &str, all: bool) -> Result<Edited, String> {
    let breaks = memmem::find_iter(content, "\n").count();
    let windows = memmem::find_iter(content, "\r\n").count();
    // Lines may end as they do in the file, whatever the model wrote; a mixed file is taken at its
    // word first.
    let (crlf, lf) = ((with_crlf(old), with_crlf(new)), (with_lf(old), with_lf(new)));
    let exact = (old.to_owned(), new.to_owned());
    let tries = match (breaks, windows) {
        (0, _) => vec![exact],
        (_, 0) => vec![exact, lf],
        (breaks, windows) if breaks == windows => vec![crlf],
        _ => vec![exact, crlf, lf],
    };
    let found = tries.into_iter().find(|(old, _)| memmem::find(content, old.as_bytes()).is_some());
    let Some((old, new)) = found else {
        return Err(format!("oldString is not in it{}", near(content, old)));
    };
    let old = old.as_bytes();
    let places: Vec<usize> = memmem::find_iter(content, old).collect();
    let lines = lines_of(content, &places);
    // In `aaa`, `aa` is found once, and could be meant twice.
    let overlaps = places.iter().any(|at| {
        let rest = &content[at + 1..content.len().min(at + 2 * old.len() - 1)];
        memmem::find(rest, old).is_some()
    });
    if !all && (places.len() > 1 || overlaps) {
        return Err(format!(
            "oldString is in it more than once, at lines {}; give more of what is around the one \
             you mean, or set replaceAll",
            listed(&lines)
        ));
    }
    let mut changed = Vec::with_capacity(content.len());
    let mut done = 0;
    for at in places {
        changed.extend_from_slice(&content[done..at]);
        changed.extend_from_slice(new.as_bytes());
        done = at + old.len();
    }
    changed.extend_from_slice(&content[done..]);
    Ok(Edited { content: changed, lines })
}

fn with_lf(text: &str) -> String {
    text.replace("\r\n", "\n")
}

fn with_crlf(text: &str) -> String {
    with_lf(text).replace('\n', "\r\n")
}

/// The line of each place, which are in order.
fn lines_of(content: &[u8], places: &[usize]) -> Vec<usize> {
    let (mut line, mut from) = (1, 0);
    places
        .iter()
        .map(|at| {
            line += memchr::memchr_iter(b'\n', &content[from..*at]).count();
            from = *at;
            line
        })
        .collect()
}

fn listed(lines: &[usize]) -> String {
    let first: Vec<String> = lines.iter().take(20).map(ToString::to_string).collect();
    let more = if lines.len() > 20 { ", ..." } else { "" };
    format!("{}{more}", first.join(", "))
}

/// Where its first line would be, but for the blanks around it.
fn near(content: &[u8], old: &str) -> String {
    let Some(first) = old.lines().map(str::trim).find(|line| !line.is_empty()) else {
        return String::new();
    };
    let is_it = |line: &[u8]| line.trim_ascii() == first.as_bytes();
    match content.split(|byte| *byte == b'\n').position(is_it) {
        Some(at) => {
            format!("; line {} is like its first, so compare blanks and what follows", at + 1)
        }
        None => "; it has to be exactly as in the file".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(content: &str, old: &str, new: &str) -> Result<String, String> {
        edited(content.as_bytes(), old, new, false)
            .map(|edited| String::from_utf8(edited.content).unwrap())
    }

    #[test]
    fn lines_end_as_they_do_in_the_file() {
        let ok = |content, old, new, expected: &str| {
            assert_eq!(edit(content, old, new).unwrap(), expected);
        };
        ok("a\r\nb\r\nc\r\n", "a\nb", "x\ny\nz", "x\r\ny\r\nz\r\nc\r\n");
        ok("a\r\nb\r\n", "b", "x\ny", "a\r\nx\r\ny\r\n");
        ok("a\r\nb\r\n", "a\r\nb", "x\r\ny", "x\r\ny\r\n");
        ok("a\nb\n", "a\r\nb", "x\r\ny", "x\ny\n");
        ok("a\nb\r\nc\n", "b\nc", "x\ny", "a\nx\r\ny\n");
        ok("a\nb\r\nc\n", "a\nb", "x\ny", "x\ny\r\nc\n");
        ok("ab", "b", "x\r\ny", "ax\r\ny");
    }

    #[test]
    fn what_could_be_meant_twice_is_refused() {
        assert!(edit("x\naaa\n", "aa", "b").unwrap_err().contains("more than once, at lines 2;"));
        assert!(edit("ab\nab\n", "ab", "b").unwrap_err().contains("lines 1, 2;"));
        assert_eq!(edit("aab", "aab", "b").unwrap(), "b");
        let all = edited(b"aaaa a", "aa", "b", true).unwrap();
        assert_eq!((&*all.content, all.lines), (&b"bb a"[..], vec![1, 1]));
    }

    #[test]
    fn what_is_not_there_is_said_to_be_near() {
        let error = edit("one\n\t two \nthree", "two\nthree", "").unwrap_err();
        assert!(error.contains("line 2 is like its first"), "{error}");
        assert!(edit("one", "four", "").unwrap_err().contains("exactly"));
    }

    #[test]
    fn bytes_that_are_no_text_stay_as_they_are() {
        let done = edited(b"\xff\xfe caf\xe9 x\n", "x", "\u{fc}", false).unwrap();
        assert_eq!(done.content, b"\xff\xfe caf\xe9 \xc3\xbc\n");
    }
}

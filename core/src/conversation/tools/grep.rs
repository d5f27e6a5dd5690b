//! `grep`: the lines of files that match a regular expression.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use grep_matcher::LineTerminator;
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, MmapChoice, Searcher, SearcherBuilder, Sink, SinkMatch};
use schemars::JsonSchema;
use serde::Deserialize;

use super::ToolContext;
use super::built_in::{BuiltIn, Plan, check_cancelled};
use super::folder::{Folder, Found, file_below, open, refused};
use super::output::{Listing, cap_line};
use super::place::Place;
use super::search::{Wanted, files, note_unreadable};
use crate::defaults::SEARCH_RESULTS;

/// A line longer than this is not searched, in bytes.
const LONGEST_LINE: usize = 16 << 20;

pub(super) struct Grep;

#[derive(Deserialize, JsonSchema)]
pub(super) struct Params {
    /// The regular expression, in Rust's syntax; a line is matched at a time.
    pattern: String,
    /// The file or directory to search; the working directory unless set.
    path: Option<String>,
    /// What the files' paths are like, such as `*.js` or `*.{ts,tsx}`.
    include: Option<String>,
}

impl BuiltIn for Grep {
    const DESCRIPTION: &str = "Searches the lines of files for a regular expression. Gives up to \
        100 lines with their numbers, those of the last changed files first. What .gitignore leaves \
        out is left out, and so are binary files; links are not followed.";
    type Params = Params;

    fn plan(params: &Params, context: &ToolContext) -> Result<Plan, String> {
        let place = Place::of(params.path.as_deref().unwrap_or_default(), context)?;
        let asks = place.asks_outside("search");
        Ok(Plan { place, asks })
    }

    fn run(params: Params, place: &Place, context: &ToolContext) -> Result<String, String> {
        let mut search = Search::new(matcher(&params.pattern)?, place, context);
        if let Found::File(file, _) = open(place)? {
            search.file(Path::new(""), file)?;
            return Ok(search.told());
        }
        let wanted = params.include.as_deref().filter(|include| !include.is_empty());
        let wanted = wanted.map(|include| Wanted::parse(include, place)).transpose()?;
        let folder = Folder::open(&place.path).map_err(|error| refused(place, &error))?;
        let found = files(place, wanted.as_ref(), context)?;
        search.unreadable = found.unreadable;
        for path in &found.paths {
            check_cancelled(context)?;
            match file_below(&folder, path) {
                Ok(Some(file)) => search.file(path, file)?,
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(_) => search.unreadable += 1,
            }
            if search.is_full {
                break;
            }
        }
        Ok(search.told())
    }
}

/// `^` and `$` are the ends of a line, also of one with CR LF.
fn matcher(pattern: &str) -> Result<RegexMatcher, String> {
    let matcher = RegexMatcherBuilder::new().multi_line(true).crlf(true).build(pattern);
    matcher.map_err(|error| format!("not a regular expression: {error}"))
}

struct Search<'a> {
    matcher: RegexMatcher,
    searcher: Searcher,
    place: &'a Place,
    context: &'a ToolContext,
    listing: Listing,
    /// The file whose name stands above the lines.
    under: Option<PathBuf>,
    count: usize,
    /// Whether there was a line more than is shown.
    is_full: bool,
    unreadable: usize,
}

impl<'a> Search<'a> {
    fn new(matcher: RegexMatcher, place: &'a Place, context: &'a ToolContext) -> Self {
        let searcher = SearcherBuilder::new()
            .line_terminator(LineTerminator::crlf())
            .line_number(true)
            .binary_detection(BinaryDetection::quit(0))
            .memory_map(MmapChoice::never())
            .heap_limit(Some(LONGEST_LINE))
            .build();
        let listing = Listing::new();
        let (under, count, is_full, unreadable) = (None, 0, false, 0);
        Self { matcher, searcher, place, context, listing, under, count, is_full, unreadable }
    }

    fn file(&mut self, path: &Path, file: File) -> Result<(), String> {
        let (matcher, mut searcher) = (self.matcher.clone(), self.searcher.clone());
        let from = Stoppable { file, context: self.context };
        let result = searcher.search_reader(matcher, from, &mut Lines { search: self, path });
        check_cancelled(self.context)?;
        // Such as a line that is too long.
        self.unreadable += usize::from(result.is_err());
        Ok(())
    }

    /// Adds a line; `false` once there is no room.
    fn line(&mut self, path: &Path, number: u64, line: &[u8]) -> bool {
        let line = String::from_utf8_lossy(line);
        let line = format!("  {number}: {}", cap_line(line.trim_end_matches(['\n', '\r'])));
        let above = match self.under.as_deref() == Some(path) {
            true => String::new(),
            false => format!("{}\n", self.place.shown_below(path)),
        };
        if self.count == SEARCH_RESULTS || !self.listing.line(&format!("{above}{line}")) {
            self.is_full = true;
            return false;
        }
        self.under = Some(path.to_owned());
        self.count += 1;
        true
    }

    fn told(self) -> String {
        let unreadable = note_unreadable(self.unreadable);
        match (self.count, self.is_full) {
            (0, false) => format!("No matches found.{unreadable}"),
            (count, false) => self.listing.noted(&format!("({count} found){unreadable}")),
            (count, true) => self.listing.noted(&format!(
                "(There are more than these {count} matches; a narrower pattern, path or include \
                 gives others.){unreadable}"
            )),
        }
    }
}

/// Where a file's matches go.
struct Lines<'s, 'a> {
    search: &'s mut Search<'a>,
    path: &'s Path,
}

impl Sink for Lines<'_, '_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> io::Result<bool> {
        Ok(self.search.line(self.path, found.line_number().unwrap_or(0), found.bytes()))
    }
}

/// A file that cannot be read on once nobody wants to.
struct Stoppable<'a> {
    file: File,
    context: &'a ToolContext,
}

impl Read for Stoppable<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.context.cancelled.is_cancelled() {
            true => Err(io::Error::other("cancelled")),
            false => self.file.read(buffer),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_is_read_no_further_once_nobody_wants_it() {
        let dir = tempfile::tempdir().unwrap();
        let context = ToolContext::new("s", dir.path());
        let place = Place::of("", &context).unwrap();
        let file = || {
            let mut file = tempfile::tempfile_in(dir.path()).unwrap();
            file.write_all(b"here\n").unwrap();
            io::Seek::rewind(&mut file).unwrap();
            file
        };
        let mut search = Search::new(matcher("here").unwrap(), &place, &context);
        search.file(Path::new("a"), file()).unwrap();
        context.cancelled.cancel();
        assert_eq!(search.file(Path::new("b"), file()).unwrap_err(), "cancelled");
        assert_eq!(search.told(), "a\n  1: here\n(1 found)");
    }
}

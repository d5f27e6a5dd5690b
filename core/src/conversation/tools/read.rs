//! `read`: the lines of a text file, or the names in a directory.

use std::fs::File;
use std::io::{BufRead, BufReader};

use memchr::memchr;
use schemars::JsonSchema;
use serde::Deserialize;

use super::ToolContext;
use super::built_in::{BuiltIn, Plan, check_cancelled};
use super::folder::{Found, open};
use super::output::{Listing, cap_line};
use super::place::Place;
use crate::defaults::{READ_LINES, TOOL_LINE_CAP};

pub(super) struct Read;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Params {
    /// The file or directory to read, from the working directory or absolute.
    file_path: String,
    /// The first line or entry to give, counted from 1.
    offset: Option<u64>,
    /// How many lines or entries to give at most; 2000 unless set.
    #[schemars(range(min = 1))]
    limit: Option<u64>,
}

impl BuiltIn for Read {
    const DESCRIPTION: &str = "Reads a text file, or lists a directory. Each line of a file has \
        its number and a colon before it, which are not part of the file. Gives up to 2000 lines \
        from offset on; longer lines than 2000 characters are cut. Directories in a listing end \
        with a slash. Images and other binary files cannot be read.";
    type Params = Params;

    fn plan(params: &Params, context: &ToolContext) -> Result<Plan, String> {
        let place = Place::of(&params.file_path, context)?;
        let asks = place.asks_outside("read");
        Ok(Plan { place, asks })
    }

    fn run(params: Params, place: &Place, context: &ToolContext) -> Result<String, String> {
        let first = params.offset.unwrap_or(1).max(1);
        let limit = params.limit.unwrap_or(READ_LINES).max(1);
        match open(place)? {
            Found::File(file, _) => lines(file, place, first, limit, context),
            Found::Directory(names) => {
                let mut names: Vec<String> = names
                    .into_iter()
                    .map(|(name, is_dir)| {
                        format!("{}{}", name.to_string_lossy(), if is_dir { "/" } else { "" })
                    })
                    .collect();
                names.sort_unstable();
                entries(&names, place, first, limit)
            }
            Found::Other => Err(format!("{} is neither a file nor a directory", place.shown())),
        }
    }
}

fn header(place: &Place, kind: &str, content: &str) -> Result<Listing, String> {
    let mut listing = Listing::new();
    let path = place.shown();
    match listing.line(&format!("<path>{path}</path>\n<type>{kind}</type>\n<{content}>")) {
        true => Ok(listing),
        false => Err("the path is too long".to_owned()),
    }
}

fn entries(names: &[String], place: &Place, first: u64, limit: u64) -> Result<String, String> {
    let mut listing = header(place, "directory", "entries")?;
    let skipped = usize::try_from(first - 1).unwrap_or(usize::MAX);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let shown = names.iter().skip(skipped).take(limit).take_while(|name| listing.line(name));
    let end = skipped.saturating_add(shown.count());
    let total = names.len();
    if end < total {
        let next = end + 1;
        return Ok(listing
            .noted(&format!("(more of the {total} entries from offset={next} on)\n</entries>")));
    }
    Ok(listing.noted(&format!("({total} entries)\n</entries>")))
}

fn lines(
    file: File,
    place: &Place,
    first: u64,
    limit: u64,
    context: &ToolContext,
) -> Result<String, String> {
    let mut file = BufReader::with_capacity(64 * 1024, file);
    refuse_binary(&mut file, place)?;
    let mut lines = Lines { file, place, context, line: Vec::new(), number: 0 };
    while lines.number + 1 < first {
        if !lines.next(false)? {
            let count = lines.number;
            return Err(format!("offset {first} is behind the end, which is line {count}"));
        }
    }
    let mut listing = header(place, "file", "content")?;
    let last = first.saturating_add(limit - 1);
    while lines.number < last {
        if !lines.next(true)? {
            return match (lines.number, first) {
                (0, 1) => Ok(listing.noted("(the file is empty)\n</content>")),
                (count, _) if count < first => {
                    Err(format!("offset {first} is behind the end, which is line {count}"))
                }
                (count, _) => {
                    Ok(listing.noted(&format!("(the file ends with line {count})\n</content>")))
                }
            };
        }
        let text = String::from_utf8_lossy(&lines.line);
        let text = if lines.number == 1 { text.trim_start_matches('\u{feff}') } else { &text };
        if !listing.line(&format!("{}: {}", lines.number, cap_line(text))) {
            let (shown, next) = (lines.number - 1, lines.number);
            return Ok(listing.noted(&more("the output is full", first, shown, next)));
        }
    }
    if lines.is_over()? {
        return Ok(
            listing.noted(&format!("(the file ends with line {})\n</content>", lines.number))
        );
    }
    Ok(listing.noted(&more("the file has more", first, last, last + 1)))
}

fn more(why: &str, first: u64, last: u64, next: u64) -> String {
    format!("({why}: these are lines {first} to {last}; go on with offset={next})\n</content>")
}

/// The lines of a file, of each no more than is shown.
struct Lines<'a> {
    file: BufReader<File>,
    place: &'a Place,
    context: &'a ToolContext,
    line: Vec<u8>,
    number: u64,
}

impl Lines<'_> {
    /// Goes to the next line, and keeps it if asked to.
    fn next(&mut self, keep: bool) -> Result<bool, String> {
        // One character more than is shown, and one that may be cut.
        const MOST: usize = (TOOL_LINE_CAP + 2) * 4;
        self.line.clear();
        let mut is_begun = false;
        loop {
            check_cancelled(self.context)?;
            let bytes = self.file.fill_buf();
            let bytes = bytes.map_err(|error| format!("{}: {error}", self.place.shown()))?;
            let end = memchr(b'\n', bytes);
            let part = &bytes[..end.unwrap_or(bytes.len())];
            if keep {
                let room = MOST.saturating_sub(self.line.len()).min(part.len());
                self.line.extend_from_slice(&part[..room]);
            }
            is_begun |= !bytes.is_empty();
            let used = end.map_or(bytes.len(), |end| end + 1);
            self.file.consume(used);
            if end.is_some() || used == 0 {
                if self.line.last() == Some(&b'\r') {
                    self.line.pop();
                }
                self.number += u64::from(is_begun);
                return Ok(is_begun);
            }
        }
    }

    fn is_over(&mut self) -> Result<bool, String> {
        let rest = self.file.fill_buf();
        rest.map(<[u8]>::is_empty).map_err(|error| format!("{}: {error}", self.place.shown()))
    }
}

/// Images by their name, other binary files by their first bytes.
fn refuse_binary(file: &mut BufReader<File>, place: &Place) -> Result<(), String> {
    let shown = place.shown();
    let kind = mime_guess::from_path(&place.path).first_or_octet_stream();
    if kind.type_() == mime_guess::mime::IMAGE && kind.subtype() != "svg" {
        return Err(format!("{shown} is an image ({kind}); read gives text only"));
    }
    let start = file.fill_buf().map_err(|error| format!("{shown}: {error}"))?;
    match is_binary(start) {
        true => Err(format!("{shown} is a binary file; read gives text only")),
        false => Ok(()),
    }
}

/// Whether no text begins like that.
pub(super) fn is_binary(start: &[u8]) -> bool {
    let start = &start[..start.len().min(8 * 1024)];
    let odd = |byte: &&u8| matches!(byte, 1..=6 | 14..=26 | 28..=31);
    memchr(0, start).is_some() || start.iter().filter(odd).count() * 10 > start.len() * 3
}

//! `glob`: the files whose path is like a pattern.

use schemars::JsonSchema;
use serde::Deserialize;

use super::ToolContext;
use super::built_in::{BuiltIn, Plan, check_cancelled};
use super::folder::{Folder, is_below, refused};
use super::output::Listing;
use super::place::Place;
use super::search::{Wanted, files, note_unreadable};
use crate::defaults::SEARCH_RESULTS;

pub(super) struct Glob;

#[derive(Deserialize, JsonSchema)]
pub(super) struct Params {
    /// What the files' paths are like, such as `**/*.ts` or `src/{a,b}/*.rs`. Without a slash, it
    /// is about their names alone.
    pattern: String,
    /// The directory to look in; the working directory unless set.
    path: Option<String>,
}

impl BuiltIn for Glob {
    const DESCRIPTION: &str = "Finds files by their path. Gives up to 100, the last changed first. \
        What .gitignore leaves out is left out, and links are not followed.";
    type Params = Params;

    fn plan(params: &Params, context: &ToolContext) -> Result<Plan, String> {
        let place = Place::of(params.path.as_deref().unwrap_or_default(), context)?;
        let asks = place.asks_outside("list the files in");
        Ok(Plan { place, asks })
    }

    fn run(params: Params, place: &Place, context: &ToolContext) -> Result<String, String> {
        let wanted = Wanted::parse(&params.pattern, place)?;
        let folder = Folder::open(&place.path).map_err(|error| refused(place, &error))?;
        let found = files(place, Some(&wanted), context)?;
        let (mut listing, mut shown) = (Listing::new(), 0);
        for path in &found.paths {
            check_cancelled(context)?;
            // A directory that became a link on the way is not one of ours.
            if !is_below(&folder, path) {
                continue;
            }
            if shown == SEARCH_RESULTS || !listing.line(&place.shown_below(path)) {
                let count = found.paths.len();
                return Ok(listing.noted(&format!(
                    "(These are the {shown} last changed of {count} files; a narrower pattern or \
                     path gives others.){}",
                    note_unreadable(found.unreadable)
                )));
            }
            shown += 1;
        }
        let unreadable = note_unreadable(found.unreadable);
        Ok(match shown {
            0 => format!("No files found.{unreadable}"),
            count => listing.noted(&format!("({count} found){unreadable}")),
        })
    }
}

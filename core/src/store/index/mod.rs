//! stub
use crate::error::Result;
use crate::model::SessionSummary;
use crate::store::files::layout::Layout;
use crate::store::query::*;
#[derive(Debug)]
pub(crate) struct Index;
pub(crate) struct IndexOptions {
    pub content: bool,
}
#[derive(Debug)]
pub struct RebuildReport;
pub(crate) struct IndexProblem {
    pub session_id: String,
    pub detail: String,
}
impl Index {
    pub(crate) fn open(_l: Layout, _o: IndexOptions) -> Result<Self> {
        Ok(Self)
    }
    pub(crate) fn catch_up(&self, _: &str, _: bool) -> Result<()> {
        Ok(())
    }
    pub(crate) fn remove(&self, _: &str) -> Result<()> {
        Ok(())
    }
    pub(crate) fn refresh(&self, _: &[String]) -> Result<()> {
        Ok(())
    }
    pub(crate) fn list(&self, _: &Query) -> Result<Page> {
        Ok(Page::default())
    }
    pub(crate) fn get(&self, _: &str) -> Result<Option<SessionSummary>> {
        Ok(None)
    }
    pub(crate) fn count(&self) -> Result<u64> {
        Ok(0)
    }
    pub(crate) fn ids_with_prefix(&self, _: &str, _: usize) -> Result<Vec<String>> {
        Ok(vec![])
    }
    pub(crate) fn id_ignoring_case(&self, _: &str) -> Result<Option<String>> {
        Ok(None)
    }
    pub(crate) fn shortest_prefix(&self, i: &str) -> Result<String> {
        Ok(i.to_owned())
    }
    pub(crate) fn search(&self, _: &SearchQuery) -> Result<SearchPage> {
        Ok(SearchPage::default())
    }
    pub(crate) fn rebuild(&self, _: &dyn Fn(u64, u64)) -> Result<RebuildReport> {
        Ok(RebuildReport)
    }
    pub(crate) fn verify(&self) -> Result<Vec<IndexProblem>> {
        Ok(vec![])
    }
    pub(crate) fn publish_if_dirty(&self) -> Result<bool> {
        Ok(false)
    }
    pub(crate) fn wait_for_background(&self) {}
}

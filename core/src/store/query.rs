//! stub
use crate::model::*;
#[derive(Debug, Clone, Copy, Default)]
pub enum SortBy {
    #[default]
    UpdatedAt,
}
#[derive(Debug, Clone, Default)]
pub struct Query {
    pub limit: Option<usize>,
    pub sort_by: SortBy,
    pub descending: bool,
    pub working_dir: Option<String>,
}
#[derive(Debug, Clone, Default)]
pub struct Page {
    pub items: Vec<SessionSummary>,
}
#[derive(Debug, Clone, Default)]
pub struct SearchHit;
#[derive(Debug, Clone, Default)]
pub struct SearchPage;
#[derive(Debug, Clone, Default)]
pub struct SearchQuery;

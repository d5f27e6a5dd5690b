//! Where sessions live.
//!
//! | file | holds |
//! |---|---|
//! | [`Store`], [`OpenSession`] | what a manager needs of a store, whichever it is |
//! | [`SessionStorage`] | the store of files: the facade over everything below |
//! | `files/` | sessions as files, and the protocol that keeps them safe |
//! | `index/` | the SQLite index, which can be deleted at any time |
//! | `registry` | one writer per session in this process |
//! | [`LiveSession`], [`SessionHandle`] | a session that is written through, or that is not |

pub mod fault;
mod files;
#[cfg(feature = "failpoints")]
#[doc(hidden)]
pub mod fuzzing;
mod handle;
mod index;
mod live;
mod query;
mod registry;
mod save;
mod storage;
mod upkeep;

use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::model::{Record, Session};

pub use files::Durability;
pub use handle::SessionHandle;
pub use index::RebuildReport;
pub use live::{LiveSession, Observer};
pub use query::{Page, Query, SearchHit, SearchPage, SearchQuery, SortBy};
pub use registry::{ForkGuard, before_fork};
pub use storage::{SessionStorage, StorageOptions};
pub use upkeep::{CleanupReport, Problem};

/// What a session manager needs of a store.
pub trait Store: Send + Sync + std::fmt::Debug {
    /// Stores a new session and opens it; `SESSION_CONFLICT` when the id is taken.
    fn create(&self, session: &Session) -> Result<Arc<dyn OpenSession>>;

    /// Opens a session to write, waiting up to `wait` for another writer.
    fn open(&self, id: &str, wait: Duration) -> Result<Arc<dyn OpenSession>>;

    /// A copy of a session.
    fn load(&self, id: &str) -> Result<Session>;

    /// Deletes a session for good; `false` when there was none.
    fn delete(&self, id: &str) -> Result<bool>;

    /// The id that `id_or_prefix` means: an id, or a prefix that only one session has.
    fn resolve(&self, id_or_prefix: &str) -> Result<String>;

    /// Summaries that match.
    fn list(&self, query: &Query) -> Result<Page>;

    /// Messages that match.
    fn search(&self, query: &SearchQuery) -> Result<SearchPage>;

    /// Brings the index in step with what was acknowledged.
    fn flush(&self) -> Result<()>;
}

/// One session open to write.
pub trait OpenSession: Send + Sync + std::fmt::Debug {
    /// Its id.
    fn id(&self) -> &str;

    /// Whether it was closed or deleted, so that it can only be looked at.
    fn is_over(&self) -> bool;

    /// Looks at the session as it stands.
    fn look(&self, look: &mut dyn FnMut(&Session)) -> Result<()>;

    /// Makes the changes that `make` decides on, all of them or none, and returns when they are
    /// as safe as the store promises.
    fn edit(&self, make: &mut dyn FnMut(&Session) -> Result<Vec<Record>>) -> Result<()>;

    /// Makes everything durable, and tidies up where that is cheap.
    fn save(&self) -> Result<()>;

    /// Makes everything durable, and no more.
    fn sync(&self) -> Result<()>;

    /// Makes everything durable and lets others write. Closing again does nothing.
    fn close(&self) -> Result<()>;
}

//! Errors inside the index, where it matters whether the database itself is at fault.

use rusqlite::ErrorCode;

use crate::error::OpencodeError;

/// The result of work on the database.
pub(super) type Attempt<T> = Result<T, Failure>;

/// Why work on the database failed.
#[derive(Debug)]
pub(super) enum Failure {
    Sql(rusqlite::Error),
    Other(OpencodeError),
}

impl Failure {
    /// Whether the file is no database, or a damaged one.
    pub(super) fn is_damage(&self) -> bool {
        let Self::Sql(error) = self else { return false };
        matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        )
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<OpencodeError> for Failure {
    fn from(error: OpencodeError) -> Self {
        Self::Other(error)
    }
}

impl From<Failure> for OpencodeError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Sql(error) => error.into(),
            Failure::Other(error) => error,
        }
    }
}

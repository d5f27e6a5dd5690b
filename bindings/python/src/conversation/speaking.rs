//! Who spoke, and what is kept while the turn runs that answers.

use std::any::Any;
use std::sync::Arc;

use opencode_sessions::conversation::Origin;
use pyo3::prelude::*;

use crate::background::{Parcel, background};
use crate::gil;

/// A turn has it until it is over.
pub(super) struct Speaking(Option<(Py<PyAny>, Py<PyAny>)>);

impl Speaking {
    /// `speaker` is given to what the turn asks; `kept` is only kept.
    pub(super) fn origin(speaker: Py<PyAny>, kept: Py<PyAny>) -> Origin {
        Arc::new(Self(Some((speaker, kept))))
    }

    pub(super) fn speaker(origin: &(dyn Any + Send + Sync)) -> Option<&Py<PyAny>> {
        origin.downcast_ref::<Self>()?.0.as_ref().map(|(speaker, _)| speaker)
    }
}

impl Drop for Speaking {
    fn drop(&mut self) {
        let Some(kept) = self.0.take() else { return };
        let Ok(background) = background() else { return };
        // After the turn's last events. Letting go runs whatever the program does at an object's
        // end, which may wait: not on the courier.
        let let_go = move |_: Python<'_>| {
            background.runtime.spawn_blocking(move || gil::attached(|_| drop(kept)));
        };
        // It lives as long as the process.
        let _ = background.courier.send(Parcel::Call(Box::new(let_go)));
    }
}

//! One turn at a time for each session of this process, through however many conversations.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::store::SessionStorage;

/// Held by the turn that runs; those that wait come in order.
pub(super) type Order = Arc<tokio::sync::Mutex<()>>;

type Known = HashMap<(PathBuf, String), Weak<tokio::sync::Mutex<()>>>;

/// The order of a session's turns, the same for all who have the session open here.
pub(super) fn of(storage: &SessionStorage, id: &str) -> Order {
    static KNOWN: Mutex<Option<Known>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    known.retain(|_, order| order.strong_count() > 0);
    let key = (storage.path().to_owned(), id.to_owned());
    if let Some(order) = known.get(&key).and_then(Weak::upgrade) {
        return order;
    }
    let order = Order::default();
    known.insert(key, Arc::downgrade(&order));
    order
}

//! Which event ids were seen lately.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// How many ids are remembered.
const WINDOW: usize = 1024;

/// A window over the last ids.
#[derive(Debug, Default)]
pub(super) struct Recent {
    ids: HashSet<Arc<str>>,
    order: VecDeque<Arc<str>>,
}

impl Recent {
    /// Remembers an id; `false` when it was seen lately.
    pub(super) fn insert(&mut self, id: &str) -> bool {
        if self.ids.contains(id) {
            return false;
        }
        if self.order.len() == WINDOW
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        let id: Arc<str> = id.into();
        self.order.push_back(Arc::clone(&id));
        self.ids.insert(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_new_once_and_again_when_a_window_of_others_has_passed() {
        let mut recent = Recent::default();
        assert!(recent.insert("a"));
        assert!(!recent.insert("a"));
        for n in 0..WINDOW {
            assert!(recent.insert(&n.to_string()));
        }
        assert!(recent.insert("a"));
        assert_eq!(recent.ids.len(), WINDOW);
    }
}

//! The newest events, bounded: what does not fit is dropped from the old end, and counted.

use std::collections::VecDeque;

use crate::error::Result;
use crate::server::types::event::Event;

/// What a stream delivers.
pub(super) type Item = Result<Event>;

/// A queue that drops its oldest items when it is full. As they are always the oldest, the gap
/// lies in front of what is left, and one number tells of it.
#[derive(Debug)]
pub(super) struct Buffer {
    items: VecDeque<(Item, usize)>,
    /// The sum of the items' sizes.
    bytes: usize,
    most_items: usize,
    most_bytes: usize,
    missed: u64,
}

impl Buffer {
    pub(super) fn new(most_items: usize, most_bytes: usize) -> Self {
        let items = VecDeque::new();
        Self { items, bytes: 0, most_items: most_items.max(1), most_bytes, missed: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty() && self.missed == 0
    }

    pub(super) fn push(&mut self, item: Item, bytes: usize) {
        self.push_all([(item, bytes)]);
    }

    /// Adds items that belong together: they fit, however many they are, until others follow.
    pub(super) fn push_all(
        &mut self,
        batch: impl IntoIterator<Item = (Item, usize), IntoIter: ExactSizeIterator>,
    ) {
        let batch = batch.into_iter();
        let room = self.most_items.max(self.items.len()).max(batch.len());
        for (item, bytes) in batch {
            self.bytes += bytes;
            self.items.push_back((item, bytes));
        }
        while self.items.len() > room || (self.bytes > self.most_bytes && self.items.len() > 1) {
            self.missed += match self.take_oldest() {
                Some((Ok(Event::Lagged { missed }), _)) => missed,
                _ => 1,
            };
        }
    }

    /// The oldest item, with its size; first of all the news of a gap, if there is one.
    pub(super) fn pop(&mut self) -> Option<(Item, usize)> {
        match std::mem::take(&mut self.missed) {
            0 => self.take_oldest(),
            missed => Some((Ok(Event::Lagged { missed }), 0)),
        }
    }

    fn take_oldest(&mut self) -> Option<(Item, usize)> {
        let (item, bytes) = self.items.pop_front()?;
        self.bytes -= bytes;
        Some((item, bytes))
    }
}

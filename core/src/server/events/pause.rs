//! The spacing of attempts.

use std::time::Duration;

/// How long to wait before the next attempt.
pub(super) struct Pause {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Pause {
    pub(super) fn new((first, longest): (Duration, Duration)) -> Self {
        Self { first, longest, next: first }
    }

    pub(super) fn reset(&mut self) {
        self.next = self.first;
    }

    pub(super) fn next(&mut self) -> Duration {
        let pause = self.next.min(self.longest);
        self.next = pause * 2;
        pause.mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

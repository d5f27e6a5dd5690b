//! What a command writes, its first and its last bytes.
//!
//! It is read to its end however much it is, so that no process is stopped by a full pipe, and by
//! a thread of its own, which a process left in the background keeps alive for as long as it runs.

use std::collections::VecDeque;
use std::io::{self, PipeReader, PipeWriter, Read};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// One output of a command.
pub(crate) struct Output {
    kept: Arc<Mutex<Kept>>,
}

/// How many bytes of an output are kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keep {
    pub(crate) first: usize,
    /// Of what comes behind the first.
    pub(crate) last: usize,
}

/// What was written so far.
#[derive(Debug, Default)]
pub(crate) struct Captured {
    pub(crate) first: Vec<u8>,
    pub(crate) last: Vec<u8>,
    /// How many bytes were written.
    pub(crate) total: u64,
    /// Why the rest could not be read.
    pub(crate) error: Option<String>,
}

#[derive(Default)]
struct Kept {
    first: Vec<u8>,
    last: VecDeque<u8>,
    total: u64,
    error: Option<io::Error>,
}

impl Kept {
    fn take(&mut self, bytes: &[u8], keep: Keep) {
        self.total += bytes.len() as u64;
        let room = keep.first.saturating_sub(self.first.len()).min(bytes.len());
        let (first, rest) = bytes.split_at(room);
        self.first.extend_from_slice(first);
        let rest = &rest[rest.len().saturating_sub(keep.last)..];
        let surplus = (self.last.len() + rest.len()).saturating_sub(keep.last);
        self.last.drain(..surplus);
        self.last.extend(rest);
    }
}

impl Output {
    /// An output and the pipe that leads to it. `ended` is dropped when the last writer is gone.
    pub(crate) fn collect(keep: Keep, ended: Sender<()>) -> io::Result<(Self, PipeWriter)> {
        let (reader, writer) = io::pipe()?;
        let output = Self { kept: Arc::default() };
        let kept = Arc::clone(&output.kept);
        thread::Builder::new().name("command output".to_owned()).spawn(move || {
            read_all(reader, &kept, keep);
            drop(ended);
        })?;
        Ok((output, writer))
    }

    pub(crate) fn captured(&self) -> Captured {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Captured {
            first: kept.first.clone(),
            last: kept.last.iter().copied().collect(),
            total: kept.total,
            error: kept.error.as_ref().map(ToString::to_string),
        }
    }
}

fn read_all(mut from: PipeReader, kept: &Mutex<Kept>, keep: Keep) {
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer);
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(0) => return,
            Ok(count) => kept.take(&buffer[..count], keep),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                kept.error = Some(error);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_bytes_are_kept_however_they_come() {
        let all: Vec<u8> = (0..=255).collect();
        for step in [1, 3, 7, 64, 256] {
            let mut kept = Kept::default();
            all.chunks(step).for_each(|chunk| kept.take(chunk, Keep { first: 10, last: 20 }));
            assert_eq!(kept.first, all[..10], "{step}");
            assert_eq!(Vec::from(kept.last), all[236..], "{step}");
            assert_eq!(kept.total, 256);
        }
    }

    #[test]
    fn what_fits_is_kept_whole() {
        let mut kept = Kept::default();
        for byte in 0..30 {
            kept.take(&[byte], Keep { first: 10, last: 20 });
        }
        let whole: Vec<u8> = kept.first.iter().chain(&kept.last).copied().collect();
        assert_eq!(whole, (0..30).collect::<Vec<_>>());
    }
}

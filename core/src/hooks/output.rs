//! What a command writes, up to a cap.
//!
//! It is read to its end whatever the cap, so that no process is stopped by a full pipe, and by a
//! thread of its own, which a process left in the background keeps alive for as long as it runs.

use std::io::{self, PipeReader, PipeWriter, Read};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// One output of a command.
pub(super) struct Output {
    kept: Arc<Mutex<Kept>>,
    cap: usize,
}

#[derive(Default)]
struct Kept {
    /// One byte more than the cap, which tells whether the cut is inside a character.
    bytes: Vec<u8>,
    total: u64,
    error: Option<io::Error>,
}

impl Output {
    /// An output and the pipe that leads to it. `ended` is dropped when the last writer is gone.
    pub(super) fn collect(cap: usize, ended: Sender<()>) -> io::Result<(Self, PipeWriter)> {
        let (reader, writer) = io::pipe()?;
        let output = Self { kept: Arc::default(), cap };
        let kept = Arc::clone(&output.kept);
        thread::Builder::new().name("hook output".to_owned()).spawn(move || {
            read_all(reader, &kept, cap);
            drop(ended);
        })?;
        Ok((output, writer))
    }

    pub(super) fn text(&self) -> String {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let is_cut = kept.bytes.len() > self.cap;
        let mut end = kept.bytes.len().min(self.cap);
        if is_cut {
            // A character has at most three bytes after its first.
            let inside = |at: usize| kept.bytes.get(at).is_some_and(|byte| byte & 0xC0 == 0x80);
            let floor = end.saturating_sub(3);
            end = (floor..=end).rev().find(|at| !inside(*at)).unwrap_or(end);
        }
        let mut text = String::from_utf8_lossy(&kept.bytes[..end]).into_owned();
        if is_cut {
            text.push_str(&format!("\n[output cut: {end} of {} bytes kept]", kept.total));
        }
        if let Some(error) = &kept.error {
            text.push_str(&format!("\n[output incomplete: {error}]"));
        }
        text
    }
}

fn read_all(mut from: PipeReader, kept: &Mutex<Kept>, cap: usize) {
    let mut buffer = [0; 8192];
    loop {
        let read = from.read(&mut buffer);
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(0) => return,
            Ok(count) => {
                let room = (cap + 1).saturating_sub(kept.bytes.len()).min(count);
                kept.bytes.extend_from_slice(&buffer[..room]);
                kept.total += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                kept.error = Some(error);
                return;
            }
        }
    }
}

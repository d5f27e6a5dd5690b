//! What a hook's command wrote, as text up to a cap.

use crate::process::Captured;

/// The first `cap` bytes, with a note at the end if there was more.
pub(super) fn text(captured: &Captured, cap: usize) -> String {
    let bytes = &captured.first;
    let is_cut = bytes.len() > cap;
    let mut end = bytes.len().min(cap);
    if is_cut {
        // A character has at most three bytes after its first.
        let inside = |at: usize| bytes.get(at).is_some_and(|byte| byte & 0xC0 == 0x80);
        let floor = end.saturating_sub(3);
        end = (floor..=end).rev().find(|at| !inside(*at)).unwrap_or(end);
    }
    let mut text = String::from_utf8_lossy(&bytes[..end]).into_owned();
    if is_cut {
        text.push_str(&format!("\n[output cut: {end} of {} bytes kept]", captured.total));
    }
    if let Some(error) = &captured.error {
        text.push_str(&format!("\n[output incomplete: {error}]"));
    }
    text
}

//! How many tokens a text is.
//!
//! The tokenizer gets the text in pieces: it is slow, and its regular expression gives up, on a
//! long run without a break. A piece ends where a token ends anyway, if there is such a place.

use tiktoken_rs::o200k_base_singleton;

/// The most bytes the tokenizer gets at once.
const PIECE: usize = 8 * 1024;

/// The tokens of a text, by o200k.
pub(super) fn count(text: &str) -> u64 {
    let tokenizer = o200k_base_singleton();
    pieces(text).map(|piece| tokenizer.count_ordinary(piece) as u64).sum()
}

fn pieces(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let (piece, rest) = text.split_at(end_of_piece(text));
        text = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

fn end_of_piece(text: &str) -> usize {
    if text.len() <= PIECE {
        return text.len();
    }
    let window = &text[..text.floor_char_boundary(PIECE)];
    let breaks = window.char_indices().rev().zip(window.chars().rev().skip(1));
    let mut candidates = breaks.filter(|((_, c), before)| ends_before(*c, *before));
    candidates.next().map_or(window.len(), |((at, _), _)| at)
}

/// Whether no token of o200k reaches over this place: only line ends after signs belong to what is
/// before them.
fn ends_before(c: char, before: char) -> bool {
    let is_line_end = matches!(c, '\n' | '\r');
    c.is_whitespace() && !before.is_whitespace() && (before.is_alphanumeric() || !is_line_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_pieces_counts_as_the_whole() {
        let line = "fn main() { let x_1 = \"größe 你好 🎉\"; }\n\n\t// 1234567 -> don't, I'LL\r\n";
        let text = line.repeat(1000);
        assert!(pieces(&text).count() > 5);
        assert_eq!(count(&text), o200k_base_singleton().count_ordinary(&text) as u64);
        assert_eq!(count(""), 0);
    }

    #[test]
    fn text_without_a_break_is_counted_in_work_that_grows_with_its_length_only() {
        for run in ["a", "A", " ", "\n", "-", "1", "你", "🎉", "\u{301}", " \u{a0}", "=\n"] {
            let text = run.repeat((1 << 20) / run.len());
            let lengths: Vec<usize> = pieces(&text).map(str::len).collect();
            assert_eq!(lengths.iter().sum::<usize>(), text.len());
            assert!(lengths.iter().all(|length| *length <= PIECE), "{run:?}");
            assert!(lengths.len() <= 2 * text.len() / PIECE + 2, "{run:?}: {}", lengths.len());
            let tokens = count(&text) as usize;
            assert!(tokens > 0 && tokens <= text.len(), "{run:?}: {tokens}");
        }
    }
}

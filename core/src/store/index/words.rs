//! What a person typed, as something to search for. Nothing in it is an operator.

use crate::store::index::folding::fold;

/// How a text is looked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Words {
    /// As words: a query of the full-text index.
    Indexed(String),
    /// As it stands, anywhere in a message: all of these, folded.
    Anywhere(Vec<String>),
    /// There is nothing in it to look for.
    None,
}

impl Words {
    pub(super) fn of(text: &str) -> Self {
        // It would end the query inside SQLite.
        let text = &text.replace('\0', " ");
        let terms = terms(text);
        let words: Vec<&str> =
            terms.iter().copied().filter(|term| term.contains(char::is_alphanumeric)).collect();
        if !words.is_empty() && !words.iter().any(|word| word.contains(is_unspaced)) {
            // None has a quote in it: quotes are where the text was cut.
            let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            return Self::Indexed(quoted.join(" "));
        }
        let needles = if !words.is_empty() {
            words
        } else if !terms.is_empty() {
            terms
        } else {
            // Nothing but quotes and space.
            text.split_whitespace().collect()
        };
        match needles.is_empty() {
            true => Self::None,
            false => Self::Anywhere(needles.into_iter().map(fold).collect()),
        }
    }
}

/// Words, and what stands between quotes.
fn terms(text: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    for (n, part) in text.split('"').enumerate() {
        match n % 2 {
            0 => terms.extend(part.split_whitespace()),
            _ => terms.push(part.trim()),
        }
    }
    terms.retain(|term| !term.is_empty());
    terms
}

/// Whether the letter is of a script that does not part words by spaces, or glues much to them.
fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0e00..=0x0fff       // Thai, Lao, Tibetan
        | 0x1000..=0x109f     // Myanmar
        | 0x1100..=0x11ff     // Hangul letters
        | 0x1780..=0x17ff     // Khmer
        | 0x2e80..=0x2fdf | 0x3005..=0x3007 | 0x3040..=0x30ff | 0x31f0..=0x31ff
        | 0x3400..=0x4dbf | 0x4e00..=0x9fff
        | 0xa960..=0xa97f | 0xac00..=0xd7ff // Hangul
        | 0xf900..=0xfaff | 0xff66..=0xff9f | 0x20000..=0x3ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indexed(text: &str) -> String {
        match Words::of(text) {
            Words::Indexed(query) => query,
            other => panic!("{text:?} gave {other:?}"),
        }
    }

    #[test]
    fn words_are_quoted_and_phrases_kept() {
        assert_eq!(indexed("jwt refresh"), r#""jwt" "refresh""#);
        assert_eq!(indexed(r#"say "good morning" now"#), r#""say" "good morning" "now""#);
        assert_eq!(indexed("a AND b* NOT (c) -d"), r#""a" "AND" "b*" "NOT" "(c)" "-d""#);
        assert_eq!(indexed(r#"foo -> "bar"#), r#""foo" "bar""#);
    }

    #[test]
    fn punctuation_and_unspaced_scripts_are_looked_for_as_they_stand() {
        assert_eq!(Words::of("->"), Words::Anywhere(vec!["->".into()]));
        assert_eq!(Words::of("\"\""), Words::Anywhere(vec!["\"\"".into()]));
        assert_eq!(Words::of("検索 API"), Words::Anywhere(vec!["検索".into(), "api".into()]));
        assert_eq!(Words::of("  "), Words::None);
    }
}

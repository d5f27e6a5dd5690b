//! Halves of characters. JavaScript cuts texts in the middle of a character outside of the basic
//! plane, and the server then writes the half into its JSON, where it is no text: `"\ud83d"`.

use memchr::memmem;

/// The JSON with U+FFFD in place of each half; `None` when there is none in it.
pub(crate) fn mended(json: &[u8]) -> Option<Vec<u8>> {
    let mut mended: Option<Vec<u8>> = None;
    let mut high: Option<usize> = None;
    let mut replace = |at: usize| {
        mended.get_or_insert_with(|| json.to_vec())[at..at + 6].copy_from_slice(br"\ufffd");
    };
    for at in memmem::find_iter(json, br"\u") {
        // In `\\u` the backslash before is what is meant.
        let before = json[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
        if before % 2 == 1 {
            continue;
        }
        let Some(unit) = unit(&json[at + 2..]) else { continue };
        match (unit, high.take()) {
            (0xdc00..=0xdfff, Some(first)) if first + 6 == at => {}
            (0xdc00..=0xdfff, first) => {
                replace(at);
                first.into_iter().for_each(&mut replace);
            }
            (_, first) => {
                first.into_iter().for_each(&mut replace);
                high = (0xd800..=0xdbff).contains(&unit).then_some(at);
            }
        }
    }
    high.into_iter().for_each(&mut replace);
    mended
}

fn unit(digits: &[u8]) -> Option<u16> {
    let digits = std::str::from_utf8(digits.get(..4)?).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_characters_are_replaced_and_whole_ones_stay() {
        for (json, expected) in [
            (r#""cut \ud83d here""#, "cut \u{fffd} here"),
            (r#""\udc1f""#, "\u{fffd}"),
            (r#""\ud83d\ud83d\udc1f\udc1f\ud83d""#, "\u{fffd}🐟\u{fffd}\u{fffd}"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
            (r#""\ud83d-\udc1f""#, "\u{fffd}-\u{fffd}"),
            (r#""\\ud83d \\\ud83d""#, "\\ud83d \\\u{fffd}"),
        ] {
            let text: String = serde_json::from_slice(&mended(json.as_bytes()).unwrap()).unwrap();
            assert_eq!(text, expected, "{json}");
        }
        for json in [r#""\ud83d\udc1f é \\ud83d \u00e9""#, r#""\ud8"#, r"\u"] {
            assert_eq!(mended(json.as_bytes()), None, "{json}");
        }
    }
}

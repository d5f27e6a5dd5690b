//! Text as it is compared: without regard to case.

/// Upper case first, because some letters have two lower cases (`σ`, `ς`) and some upper cases
/// are several letters (`ß`). NUL would end the text inside SQLite.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase().replace('\0', " ");
    }
    text.chars()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .map(|c| if c == '\0' { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn case_is_no_difference_in_any_script() {
        for (a, b) in [("ÄÖ", "äö"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("STRASSE", "straße"), ("Ж", "ж")]
        {
            assert_eq!(fold(a), fold(b));
        }
    }
}

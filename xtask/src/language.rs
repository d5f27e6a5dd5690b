//! The languages the project speaks, and how to tell whether their toolchain is here.

use anyhow::{Result, bail};

use crate::{python, shell};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Rust,
    Python,
    Node,
    Kotlin,
    Swift,
}

impl Language {
    pub(crate) const ALL: [Self; 5] =
        [Self::Rust, Self::Python, Self::Node, Self::Kotlin, Self::Swift];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::Node => "node",
            Self::Kotlin => "kotlin",
            Self::Swift => "swift",
        }
    }

    /// Reads `rust,python`.
    pub(crate) fn parse_list(list: &str) -> Result<Vec<Self>> {
        list.split(',').map(str::trim).map(Self::parse).collect()
    }

    fn parse(name: &str) -> Result<Self> {
        let Some(language) = Self::ALL.into_iter().find(|language| language.name() == name) else {
            let known = Self::ALL.map(Self::name).join(", ");
            bail!("unknown language {name:?}; the languages are {known}");
        };
        Ok(language)
    }

    /// The toolchain's own name for its version, or `None` when it is missing.
    pub(crate) fn toolchain(self) -> Option<String> {
        match self {
            Self::Rust => shell::answer("rustc", &["--version"]),
            Self::Python => python::Host::find().ok().map(|host| host.version),
            Self::Node => shell::answer("node", &["--version"]),
            Self::Kotlin => shell::answer("kotlinc", &["-version"]),
            Self::Swift => shell::answer("swift", &["--version"]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_languages_is_read_in_order() {
        let read = Language::parse_list("python, rust").unwrap();
        assert_eq!(read, [Language::Python, Language::Rust]);
    }

    #[test]
    fn an_unknown_language_is_refused_with_the_known_ones() {
        let message = Language::parse_list("rust,cobol").unwrap_err().to_string();
        assert!(message.contains("cobol") && message.contains("kotlin"), "{message}");
    }
}

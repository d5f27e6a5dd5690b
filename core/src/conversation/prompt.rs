//! System prompts: the default one, and templates.

use std::collections::BTreeMap;

use crate::error::{OpencodeError, Result};

/// The system prompt of a conversation that was given none.
pub const DEFAULT_SYSTEM_PROMPT: &str = "\
You are an expert coding assistant. You help users write, understand, and debug code.

You have access to tools for:
- Reading and writing files
- Executing shell commands
- Searching code
- Getting diagnostics

Always explain your reasoning and ask for clarification when needed.";

/// A system prompt with named fields, written `{name}` in its text; `{{` and `}}` are braces.
///
/// ```
/// use opencode_sessions::conversation::PromptTemplate;
///
/// let template = PromptTemplate::create("backend developer", "typescript", "express", "functional");
/// assert!(template.render()?.contains("backend developer"));
///
/// let own = PromptTemplate::new("Answer in {language}.").with("language", "French");
/// assert_eq!(own.render()?, "Answer in French.");
/// # Ok::<(), opencode_sessions::OpencodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptTemplate {
    text: String,
    fields: BTreeMap<String, String>,
}

impl PromptTemplate {
    /// The template for a developer's role; an empty field leaves its sentence out.
    pub fn create(role: &str, language: &str, framework: &str, style: &str) -> Self {
        let sentences = [
            ("role", role, "You are an expert {role}."),
            ("language", language, "You write {language}."),
            ("framework", framework, "You use {framework}."),
            ("style", style, "You follow a {style} style."),
        ];
        let given = sentences.iter().filter(|(_, value, _)| !value.trim().is_empty());
        let mut text: Vec<&str> = given.map(|(_, _, sentence)| *sentence).collect();
        text.push(
            "Write clean, well-documented code, explain your reasoning and ask for clarification when needed.",
        );
        let template = Self::new(text.join("\n"));
        sentences.iter().fold(template, |made, (name, value, _)| made.with(*name, value.trim()))
    }

    /// A template of one's own.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), fields: BTreeMap::new() }
    }

    /// Gives a field its value.
    #[must_use]
    pub fn with(mut self, field: impl Into<String>, value: impl Into<String>) -> Self {
        self.fields.insert(field.into(), value.into());
        self
    }

    /// The text with all its fields filled in; `INVALID_ARGUMENT` names one that has no value, and
    /// a brace that belongs to none.
    pub fn render(&self) -> Result<String> {
        let mut rendered = String::with_capacity(self.text.len());
        let mut rest = self.text.as_str();
        while let Some(at) = rest.find(['{', '}']) {
            rendered.push_str(&rest[..at]);
            let brace = &rest[at..at + 1];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                rendered.push_str(brace);
                rest = after;
                continue;
            }
            let name = rest.split_once('}').map(|(name, _)| name).filter(|_| brace == "{");
            let Some(name) = name else {
                return Err(OpencodeError::invalid_with_hint(
                    format!("the template has a single {brace}"),
                    "a brace that is meant as one is written twice: {{ or }}",
                ));
            };
            let value = self.fields.get(name.trim()).ok_or_else(|| {
                OpencodeError::invalid(format!("the template's field {name:?} has no value"))
            })?;
            rendered.push_str(value);
            rest = &rest[name.len() + 1..];
        }
        rendered.push_str(rest);
        Ok(rendered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_filled_in_and_braces_can_be_written() {
        let template = PromptTemplate::new("{{{who}}} says {what}: {{}}").with("who", "Ann");
        assert!(template.render().unwrap_err().to_string().contains("what"));
        assert_eq!(template.with("what", "{x}").render().unwrap(), "{Ann} says {x}: {}");
        assert!(PromptTemplate::new("a } b").render().is_err());
        assert!(PromptTemplate::new("a { b").render().is_err());
    }

    #[test]
    fn a_role_without_a_framework_has_no_sentence_about_it() {
        let prompt = PromptTemplate::create("tester", "Rust", "", "functional").render().unwrap();
        assert!(prompt.contains("You are an expert tester.\nYou write Rust.\nYou follow a"));
    }
}

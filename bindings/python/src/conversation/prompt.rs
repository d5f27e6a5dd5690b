//! `PromptTemplate`.

use opencode_sessions::conversation::{DEFAULT_SYSTEM_PROMPT, PromptTemplate};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arguments::Text;
use crate::errors::Outcome;

/// A system prompt with named fields, written ``{name}`` in its text; ``{{`` and ``}}`` are braces.
///
/// ``render`` raises ``InvalidArgumentError`` for a field without a value and a single brace.
///
/// >>> from opencode.conversation import PromptTemplate
/// >>> template = PromptTemplate("Answer in {language}.", language="French")
/// >>> template.render()
/// 'Answer in French.'
/// >>> template.render(language="Basque")
/// 'Answer in Basque.'
/// >>> print(PromptTemplate.create(role="backend developer", language="python").render())
/// You are an expert backend developer.
/// You write python.
/// Write clean, well-documented code, explain your reasoning and ask for clarification when needed.
#[pyclass(frozen, name = "PromptTemplate", module = "opencode.conversation")]
pub(crate) struct PyPrompt(PromptTemplate);

#[pymethods]
impl PyPrompt {
    #[new]
    #[pyo3(signature = (text, /, **fields))]
    fn new(text: Text, fields: Option<&Bound<'_, PyDict>>) -> Outcome<Self> {
        Ok(Self(filled(PromptTemplate::new(text.0), fields)?))
    }

    /// The template for a developer's role; what is left out has no sentence.
    #[staticmethod]
    #[pyo3(signature = (*, role="", language="", framework="", style=""))]
    fn create(role: &str, language: &str, framework: &str, style: &str) -> Self {
        Self(PromptTemplate::create(role, language, framework, style))
    }

    /// The text with all its fields filled in, with those given here before those given earlier.
    #[pyo3(signature = (**fields))]
    fn render(&self, fields: Option<&Bound<'_, PyDict>>) -> Outcome<String> {
        Ok(filled(self.0.clone(), fields)?.render()?)
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        pyo3::types::PyString::new(py, &format!("{:?}", self.0)).hash()
    }
}

fn filled(
    mut template: PromptTemplate,
    fields: Option<&Bound<'_, PyDict>>,
) -> Outcome<PromptTemplate> {
    for (name, value) in fields.into_iter().flatten() {
        template = template.with(name.extract::<Text>()?, value.extract::<Text>()?);
    }
    Ok(template)
}

/// The system prompt of a conversation that was given none.
#[pyfunction]
pub(crate) fn default_system_prompt() -> &'static str {
    DEFAULT_SYSTEM_PROMPT
}

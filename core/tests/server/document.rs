//! Requests held against the server's own OpenAPI document, more strictly than the server does
//! itself: it drops what it does not know, so that a misspelt field is lost without a word.

use serde_json::Value;

use crate::support::scripted::Request;

pub(crate) struct Document(pub(crate) Value);

impl Document {
    /// The route that a request takes, as the document has it (`POST /session/{sessionID}/fork`),
    /// or what of the request is not in the document.
    pub(crate) fn route(&self, request: &Request) -> Result<String, String> {
        let wrong = |what: String| format!("{}: {what}", request.route());
        let paths = self.0["paths"].as_object().unwrap();
        let method = request.method.to_lowercase();
        let mut known: Vec<_> = paths
            .iter()
            .filter(|(path, methods)| fits(path, &request.path) && methods.get(&method).is_some())
            .collect();
        // Words before placeholders: `/session/status` is no session.
        known.sort_by_key(|(path, _)| path.matches('{').count());
        let Some((path, methods)) = known.first() else {
            return Err(wrong("no such route".to_owned()));
        };
        let operation = &methods[method.as_str()];

        let parameters = operation["parameters"].as_array();
        for (name, _) in url::form_urlencoded::parse(request.query.as_bytes()) {
            let is_known = parameters.is_some_and(|parameters| {
                parameters.iter().any(|known| known["in"] == "query" && known["name"] == *name)
            });
            if !is_known {
                return Err(wrong(format!("no parameter {name:?}")));
            }
        }
        let schema = operation.pointer("/requestBody/content/application~1json/schema");
        match schema {
            _ if request.body.is_empty() => {}
            Some(schema) => self.is_of(schema, &request.json(), "body").map_err(wrong)?,
            None => return Err(wrong("it takes no body".to_owned())),
        }
        Ok(format!("{} {path}", request.method))
    }

    fn is_of(&self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        if let Some(reference) = schema["$ref"].as_str() {
            let pointer = reference.strip_prefix('#').unwrap();
            return self.is_of(self.0.pointer(pointer).unwrap(), value, at);
        }
        if let Some(choices) = schema["anyOf"].as_array() {
            let mut reasons = choices.iter().map(|choice| self.is_of(choice, value, at));
            return match reasons.any(|reason| reason.is_ok()) {
                true => Ok(()),
                false => Err(format!("{at} is none of its choices: {value}")),
            };
        }
        if let Some(words) = schema["enum"].as_array()
            && !words.contains(value)
        {
            return Err(format!("{at} is {value}"));
        }
        let fits = match schema["type"].as_str() {
            Some("object") => return self.is_object(schema, value, at),
            Some("array") => {
                let Some(items) = value.as_array() else { return Err(format!("{at} is {value}")) };
                return items.iter().enumerate().try_for_each(|(n, item)| {
                    self.is_of(&schema["items"], item, &format!("{at}[{n}]"))
                });
            }
            Some("string") => {
                let prefix = schema["pattern"].as_str().unwrap_or("^").trim_start_matches('^');
                value.as_str().is_some_and(|text| text.starts_with(prefix))
            }
            Some("integer") => value.as_i64().is_some(),
            Some("number") => value.is_number(),
            Some("boolean") => value.is_boolean(),
            Some("null") => value.is_null(),
            Some(other) => panic!("a schema of type {other}"),
            None => true,
        };
        if fits { Ok(()) } else { Err(format!("{at} is {value}")) }
    }

    fn is_object(&self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        let Some(fields) = value.as_object() else { return Err(format!("{at} is {value}")) };
        let Some(properties) = schema["properties"].as_object() else {
            // A map of anything, or of values of one kind.
            let values = &schema["additionalProperties"];
            let mut all = fields.iter().filter(|_| values.is_object());
            return all
                .try_for_each(|(name, value)| self.is_of(values, value, &format!("{at}.{name}")));
        };
        for required in schema["required"].as_array().into_iter().flatten() {
            if !fields.contains_key(required.as_str().unwrap()) {
                return Err(format!("{at} has no {required}"));
            }
        }
        fields.iter().try_for_each(|(name, value)| match properties.get(name) {
            Some(schema) => self.is_of(schema, value, &format!("{at}.{name}")),
            None => Err(format!("{at} has a field {name:?}")),
        })
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template.zip(path).all(|(known, sent)| known.starts_with('{') || known == sent)
}

//! Whether a result is what a case expects: `tests/conformance/README.md` has the rules.

use opencode_sessions::Time;
use serde_json::{Map, Value};

type Outcome = Result<(), String>;

/// Says where `actual` is not what was expected.
pub(crate) fn matches(expected: &Value, actual: &Value, at: &str) -> Outcome {
    match expected {
        Value::Object(fields) if fields.keys().any(|key| key.starts_with('$')) => {
            fields.iter().try_for_each(|(name, wanted)| matcher(name, wanted, actual, at))
        }
        Value::Object(fields) => {
            let there = actual.as_object();
            check(there.is_some(), expected, actual, at)?;
            fields.iter().try_for_each(|(key, wanted)| {
                let at = format!("{at}.{key}");
                match there.and_then(|there| there.get(key)) {
                    found if wanted.get("$absent").is_some() => match found {
                        Some(found) => Err(format!("{at}: expected nothing, got {found}")),
                        None => Ok(()),
                    },
                    Some(found) => matches(wanted, found, &at),
                    None => Err(format!("{at}: expected {wanted}, got nothing")),
                }
            })
        }
        Value::Array(items) => {
            let there = actual.as_array().filter(|there| there.len() == items.len());
            check(there.is_some(), expected, actual, at)?;
            let pairs = items.iter().zip(there.into_iter().flatten()).enumerate();
            pairs
                .into_iter()
                .try_for_each(|(i, (one, found))| matches(one, found, &format!("{at}[{i}]")))
        }
        _ => check(is_same(expected, actual), expected, actual, at),
    }
}

fn check(holds: bool, expected: &Value, actual: &Value, at: &str) -> Outcome {
    if holds { Ok(()) } else { Err(format!("{at}: expected {expected}, got {actual}")) }
}

fn matcher(name: &str, wanted: &Value, actual: &Value, at: &str) -> Outcome {
    let fits = |one: &Value, found: &Value| matches(one, found, at).is_ok();
    let holds = match name {
        "$all" => return items(wanted).iter().try_for_each(|one| matches(one, actual, at)),
        "$at_least" => actual.as_f64() >= wanted.as_f64() && actual.is_number(),
        "$contains" => match actual {
            Value::String(text) => text.contains(text_of(wanted)),
            Value::Array(there) => there.iter().any(|found| fits(wanted, found)),
            _ => false,
        },
        "$exact" => is_same(wanted, actual),
        "$len" => return matches(wanted, &length(actual).into(), &format!("{at}.length")),
        "$match" => {
            let pattern = regex::Regex::new(text_of(wanted)).unwrap();
            actual.as_str().is_some_and(|text| pattern.is_match(text))
        }
        "$not" => !fits(wanted, actual),
        "$time" => actual.as_str().is_some_and(|text| {
            let apart = moment(text_of(wanted)).as_micros() - moment(text).as_micros();
            apart.abs() < 1000
        }),
        "$type" => kind(actual).contains(&text_of(wanted)),
        "$unordered" => is_same_bag(items(wanted), actual, &fits),
        _ => panic!("{name} is no matcher here"),
    };
    let mut shown = Map::new();
    shown.insert(name.to_owned(), wanted.clone());
    check(holds, &Value::Object(shown), actual, at)
}

fn items(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn text_of(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn moment(text: &str) -> Time {
    Time::parse(text).unwrap_or_else(|| panic!("{text:?} is no time"))
}

fn length(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.chars().count()),
        Value::Array(items) => Some(items.len()),
        Value::Object(fields) => Some(fields.len()),
        _ => None,
    }
}

fn kind(value: &Value) -> &'static [&'static str] {
    match value {
        Value::Null => &["null"],
        Value::Bool(_) => &["boolean"],
        Value::Number(number) if number.is_f64() => &["number"],
        Value::Number(_) => &["number", "integer"],
        Value::String(_) => &["string"],
        Value::Array(_) => &["array"],
        Value::Object(_) => &["object"],
    }
}

/// Equal, `1` and `1.0` too.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let same =
                |(key, value): (&String, &Value)| b.get(key).is_some_and(|b| is_same(value, b));
            a.len() == b.len() && a.iter().all(same)
        }
        _ => a == b,
    }
}

fn is_same_bag(wanted: &[Value], actual: &Value, fits: &dyn Fn(&Value, &Value) -> bool) -> bool {
    let Some(there) = actual.as_array() else { return false };
    let mut left: Vec<&Value> = there.iter().collect();
    let found = wanted.iter().all(|one| {
        let at = left.iter().position(|found| fits(one, found));
        at.map(|at| left.swap_remove(at)).is_some()
    });
    found && left.is_empty()
}

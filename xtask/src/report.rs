//! Measurements as lines of JSON, and the page they become.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use serde::Deserialize;

/// One line a benchmark program writes: what was measured, beside what, against which goal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Measurement {
    /// The heading it stands under.
    pub(crate) group: String,
    pub(crate) what: String,
    pub(crate) value: f64,
    /// Of `value` and `beside_value`: `µs`, `MB/s`, …
    pub(crate) unit: String,
    pub(crate) beside: Option<String>,
    pub(crate) beside_value: Option<f64>,
    pub(crate) ratio: Option<f64>,
    pub(crate) goal: Option<String>,
    pub(crate) met: Option<bool>,
}

/// Reads one measurement a line; blank lines are nothing.
pub(crate) fn parse(lines: &str) -> Result<Vec<Measurement>> {
    lines
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            serde_json::from_str(line).with_context(|| format!("not a measurement: {line}"))
        })
        .collect()
}

/// A heading and a table per group, in the order the groups first appear.
pub(crate) fn groups(measurements: &[Measurement]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for measurement in measurements {
        if !names.contains(&measurement.group.as_str()) {
            names.push(&measurement.group);
        }
    }
    let mut page = String::new();
    for name in names {
        let rows: Vec<Vec<String>> =
            measurements.iter().filter(|m| m.group == name).map(row).collect();
        let heads = ["what", "measured", "beside", "ratio", "goal", "met"];
        let _ = write!(page, "## {name}\n\n{}\n", table(&heads, &rows));
    }
    page
}

fn row(measurement: &Measurement) -> Vec<String> {
    let with_unit = |value: f64| format!("{} {}", number(value), measurement.unit);
    let beside = match (&measurement.beside, measurement.beside_value) {
        (Some(name), Some(value)) => format!("{name}: {}", with_unit(value)),
        (Some(name), None) => name.clone(),
        (None, Some(value)) => with_unit(value),
        (None, None) => String::new(),
    };
    vec![
        measurement.what.clone(),
        with_unit(measurement.value),
        beside,
        measurement.ratio.map(|ratio| format!("{} ×", number(ratio))).unwrap_or_default(),
        measurement.goal.clone().unwrap_or_default(),
        measurement
            .met
            .map(|met| if met { "yes" } else { "**no**" }.to_owned())
            .unwrap_or_default(),
    ]
}

/// Three significant digits; whole numbers beyond that in full.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 || size == 0.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

/// A Markdown table.
pub(crate) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = format!("| {} |\n|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = r#"
{"group":"append","what":"one message, disk","value":812.4,"unit":"µs","beside":"write+fdatasync","beside_value":700.0,"ratio":1.16,"goal":"≤ 1.3 ×","met":true}
{"group":"list","what":"10 newest of a|b","value":0.0421,"unit":"s","beside":null,"beside_value":null,"ratio":null,"goal":null,"met":null}
{"group":"append","what":"one message, os","value":9.5,"unit":"µs","beside":null,"beside_value":null,"ratio":null,"goal":"≤ 10 µs","met":false}
"#;

    #[test]
    fn measurements_become_one_table_a_group_with_misses_in_bold() {
        let page = groups(&parse(LINES).unwrap());
        assert_eq!(
            page,
            "## append\n\n\
             | what | measured | beside | ratio | goal | met |\n|---|---|---|---|---|---|\n\
             | one message, disk | 812 µs | write+fdatasync: 700 µs | 1.16 × | ≤ 1.3 × | yes |\n\
             | one message, os | 9.50 µs |  |  | ≤ 10 µs | **no** |\n\n\
             ## list\n\n\
             | what | measured | beside | ratio | goal | met |\n|---|---|---|---|---|---|\n\
             | 10 newest of a\\|b | 0.042 s |  |  |  |  |\n\n"
        );
    }

    #[test]
    fn a_line_that_is_no_measurement_is_refused_and_shown() {
        let message = format!("{:#}", parse("warming up").unwrap_err());
        assert!(message.contains("warming up"), "{message}");
    }
}

//! Times, their middle, and the lines they are reported in.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;

pub(crate) struct Bench {
    pub quick: bool,
    root: PathBuf,
}

/// One figure and what it is compared with.
pub(crate) struct Figure<'a> {
    pub group: &'a str,
    pub what: String,
    pub value: f64,
    pub unit: &'a str,
    /// What was run beside it, and its value.
    pub beside: Option<(&'a str, f64)>,
    pub goal: &'a str,
    /// Whether the goal is met, from value and ratio (value / beside).
    pub met: fn(f64, f64) -> bool,
}

impl Bench {
    pub(crate) fn new(quick: bool) -> Self {
        let root = std::env::var_os("OPENCODE_SESSIONS_BENCH_DIR")
            .map_or_else(|| std::env::temp_dir().join("opencode-sessions-bench"), PathBuf::from);
        Self { quick, root }
    }

    /// An empty directory.
    pub(crate) fn dir(&self, name: &str) -> PathBuf {
        let dir = self.root.join(name);
        if dir.exists() {
            std::fs::remove_dir_all(&dir).expect("the old data can be removed");
        }
        std::fs::create_dir_all(&dir).expect("the data directory can be made");
        dir
    }

    /// `full`, or `quick` when trying out.
    pub(crate) fn size(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }

    pub(crate) fn report(&self, figure: &Figure<'_>) {
        let ratio = figure.beside.map(|(_, beside)| figure.value / beside);
        let line = json!({
            "group": figure.group,
            "what": figure.what,
            "value": round(figure.value),
            "unit": figure.unit,
            "beside": figure.beside.map(|(name, _)| name),
            "beside_value": figure.beside.map(|(_, value)| round(value)),
            "ratio": ratio.map(round),
            "goal": figure.goal,
            "met": (!figure.goal.is_empty())
                .then(|| (figure.met)(figure.value, ratio.unwrap_or(f64::NAN))),
        });
        println!("{line}");
        eprintln!("{}: {} = {:.3} {}", figure.group, figure.what, figure.value, figure.unit);
    }
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// How long each of `n` runs takes, shortest first.
pub(crate) fn times(n: usize, mut run: impl FnMut(usize)) -> Vec<Duration> {
    let mut times: Vec<Duration> = (0..n)
        .map(|i| {
            let start = Instant::now();
            run(i);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times
}

pub(crate) fn time(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

/// The middle one, in microseconds.
pub(crate) fn p50(sorted: &[Duration]) -> f64 {
    micros(sorted[sorted.len() / 2])
}

pub(crate) fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The most memory this process ever had, for [`memory`].
pub(crate) const PEAK: &str = "VmHWM:";

/// A figure of this process's memory, in MB.
pub(crate) fn memory(which: &str) -> f64 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|text| {
            let line = text.lines().find_map(|l| l.strip_prefix(which))?.trim().to_owned();
            line.strip_suffix(" kB")?.trim().parse::<f64>().ok()
        })
        .map_or(0.0, |kilobytes| kilobytes * 1024.0 / 1e6)
}

//! A Python of our own: a virtual environment in the repository, with the pinned tools and the
//! package built from this checkout.
//!
//! Everything is made on first use and again only when what it is made from changed.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell;
use crate::stamp::Stamp;

const OLDEST: (u32, u32) = (3, 10);

/// Where packages are built as users get them: apart from plain cargo's builds, whose settings
/// differ, and together, so that what they share is compiled once.
pub(crate) const PACKAGES_TARGET: &str = "target/packages";

/// What the wheel is made from, below the root.
const PACKAGE_SOURCES: [&str; 9] = [
    "Cargo.lock",
    "Cargo.toml",
    "bindings/python",
    "core/Cargo.toml",
    "core/src",
    "python/README.md",
    "python/opencode",
    "python/pyproject.toml",
    "rust-toolchain.toml",
];

/// The Python of the machine. It makes the environment and nothing else.
pub(crate) struct Host {
    program: String,
    /// `Python 3.12.3`
    pub(crate) version: String,
}

impl Host {
    /// `$PYTHON`, else the first of the usual names that is new enough.
    pub(crate) fn find() -> Result<Self> {
        let mut names = Vec::from_iter(env::var("PYTHON"));
        if names.is_empty() {
            names.extend(["python3", "python"].map(str::to_owned));
            names.extend((OLDEST.1..=20).rev().map(|minor| format!("python3.{minor}")));
        }
        let mut seen = Vec::new();
        for program in names {
            let Some(version) = shell::answer(&program, &["--version"]) else { continue };
            if is_new_enough(&version) {
                return Ok(Self { program, version });
            }
            seen.push(version);
        }
        let (major, minor) = OLDEST;
        bail!(
            "Python {major}.{minor} or newer is needed; found: {}",
            if seen.is_empty() { "none".to_owned() } else { seen.join(", ") }
        )
    }
}

/// A virtual environment and the requirements file that fills it.
pub(crate) struct Venv {
    dir: PathBuf,
    requirements: PathBuf,
}

impl Venv {
    /// `.venv`: what building, testing, linting and the demo need.
    pub(crate) fn dev() -> Result<Self> {
        Self::ready(".venv", "python/requirements-dev.txt")
    }

    /// `.venv-bench`: the above and the packages the benchmarks run beside.
    pub(crate) fn bench() -> Result<Self> {
        Self::ready(".venv-bench", "python/requirements-bench.txt")
    }

    fn ready(dir: &str, requirements: &str) -> Result<Self> {
        let venv = Self { dir: shell::path(dir), requirements: shell::path(requirements) };
        let host = Host::find()?;
        let is_there = shell::answer(venv.python(), &["--version"])
            .is_some_and(|version| version == host.version);
        if !is_there {
            shell::run(
                shell::command(&host.program)
                    .args(["-m", "venv", "--clear"])
                    .arg(&venv.dir),
            )
            .context("cannot make a virtual environment; on Debian and Ubuntu it needs the package python3-venv")?;
        }
        let stamp = Stamp::new(
            venv.dir.join("requirements.stamp"),
            std::slice::from_ref(&venv.requirements),
            &host.version,
        )?;
        if !stamp.is_current() {
            shell::run(
                venv.pip_install().args(["--quiet", "--requirement"]).arg(&venv.requirements),
            )?;
            stamp.set()?;
        }
        Ok(venv)
    }

    /// Builds the wheel from this checkout and installs it, unless that very state is installed.
    pub(crate) fn install_package(&self) -> Result<()> {
        let sources = PACKAGE_SOURCES.map(shell::path);
        let stamp = Stamp::new(self.dir.join("package.stamp"), &sources, "")?;
        if stamp.is_current() {
            println!("opencode-sessions in {} is up to date", self.dir.display());
            return Ok(());
        }
        println!("building the wheel; the first time this takes minutes");
        // Maturin comes pinned from the requirements, not newest from a build environment of pip's.
        shell::run(
            self.pip_install()
                .args(["--no-build-isolation", "--no-deps", "--force-reinstall"])
                .arg(shell::path("python"))
                .env("CARGO_TARGET_DIR", shell::path(PACKAGES_TARGET)),
        )?;
        stamp.set()
    }

    /// This environment's Python, with these arguments.
    pub(crate) fn python_with<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = shell::command(self.python());
        command.args(args);
        self.activate(&mut command);
        command
    }

    fn pip_install(&self) -> Command {
        self.python_with(["-m", "pip", "install", "--disable-pip-version-check"])
    }

    fn python(&self) -> PathBuf {
        self.bin().join(if cfg!(windows) { "python.exe" } else { "python" })
    }

    fn bin(&self) -> PathBuf {
        self.dir.join(if cfg!(windows) { "Scripts" } else { "bin" })
    }

    /// Lets what the command starts find this environment first, as `activate` does.
    fn activate(&self, command: &mut Command) {
        let inherited = env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(self.bin()).chain(env::split_paths(&inherited));
        if let Ok(path) = env::join_paths(path) {
            command.env("PATH", path);
        }
        command.env("VIRTUAL_ENV", &self.dir).env_remove("PYTHONHOME").env_remove("PYTHONPATH");
    }
}

/// The Python source folders that exist, of those every check looks at.
pub(crate) fn source_dirs(among: &[&'static str]) -> Vec<&'static str> {
    let is_there = |dir: &&str| fs::metadata(shell::path(dir)).is_ok_and(|found| found.is_dir());
    among.iter().copied().filter(is_there).collect()
}

/// `mypy --strict` over the package, its tests and its examples.
pub(crate) fn mypy(venv: &Venv) -> Result<()> {
    let args = ["-m", "mypy", "--config-file", "python/pyproject.toml", "--strict"];
    let sources = source_dirs(&["python/opencode", "python/tests", "python/examples"]);
    shell::run(&mut venv.python_with(args.into_iter().chain(sources)))
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.trim_start_matches("Python ").split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= OLDEST,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_new_enough;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(is_new_enough("Python 3.10.1"));
        assert!(is_new_enough("Python 3.15.0rc1"));
        assert!(!is_new_enough("Python 3.9.18"));
        assert!(!is_new_enough("Python 2.7.18"));
        assert!(!is_new_enough("pyenv: python: command not found"));
    }
}

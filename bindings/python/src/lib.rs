//! The compiled half of the Python package, `opencode.sessions._native`.
//!
//! It translates and nothing else: arguments in, results and errors out. Every rule lives in the
//! core; what is idiomatic Python lives in `python/opencode`.

#[pyo3::pymodule]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}

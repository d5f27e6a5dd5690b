//! Where what is async runs. A case is one thread, which waits for each step.

use std::sync::OnceLock;

use tokio::runtime::Runtime;

pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap())
}

pub(crate) fn wait<F: Future>(work: F) -> F::Output {
    runtime().block_on(work)
}

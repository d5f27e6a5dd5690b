//! The compiled half of the Python package, `opencode.sessions._native`.
//!
//! It translates and nothing else: arguments in, results and errors out. Every rule lives in the
//! core; what is idiomatic Python lives in `python/opencode`.
//!
//! | file | holds |
//! |---|---|
//! | `manager`, `storage`, `session` | the classes that do something |
//! | `client` | the client of an OpenCode server |
//! | `conversation` | conversations with a model |
//! | `background` | the runtime of the process, and waiting for it |
//! | `messages`, `tools`, `summaries` | the records |
//! | `queries` | what listing and searching take and give |
//! | `callbacks`, `hooks` | what runs on a session's events |
//! | `values`, `times`, `arguments` | data, from Python and to it |
//! | `errors`, `logging`, `progress` | what is told besides results |
//! | `gil`, `process` | the interpreter's lock, its end, and forks |
#![expect(clippy::needless_pass_by_value, reason = "pyo3 gives what it made of an argument away")]

mod arguments;
mod background;
mod callbacks;
mod client;
mod conversation;
mod errors;
mod gil;
mod hooks;
mod logging;
mod manager;
mod messages;
mod process;
mod progress;
mod queries;
mod session;
mod shown;
mod storage;
mod summaries;
mod times;
mod tools;
mod values;

#[pyo3::pymodule]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::client::{PyClient, PyEventStream};
    #[pymodule_export]
    use crate::conversation::{
        PyConversation, PyLent, PyPool, PyPrompt, PyReader, PyReply, PyResponse, PyScript, PySink,
        default_system_prompt, flush_events,
    };
    #[pymodule_export]
    use crate::hooks::{PyHook, PyHookEvent, PyHookResult, PyRegistry};
    #[pymodule_export]
    use crate::manager::{PyManager, generate_title};
    #[pymodule_export]
    use crate::messages::PyMessage;
    #[pymodule_export]
    use crate::process::{at_exit, fork_begins, fork_in_child, fork_in_parent};
    #[pymodule_export]
    use crate::session::PySession;
    #[pymodule_export]
    use crate::storage::{PyIndex, PyStorage};
    #[pymodule_export]
    use crate::summaries::{PyHit, PyProblem, PySummary};
    #[pymodule_export]
    use crate::tools::PyTool;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::logging::start();
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}

//! The one manager of the process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{ManagerOptions, SessionManager};
use crate::error::{OpencodeError, Result};
use crate::store::{SessionStorage, StorageOptions};

static INSTANCE: Mutex<Instance> = Mutex::new(Instance { pid: 0, configured: None, manager: None });

#[derive(Debug)]
struct Instance {
    /// A forked child has its own.
    pid: u32,
    configured: Option<(StorageOptions, ManagerOptions)>,
    manager: Option<Arc<SessionManager>>,
}

fn instance() -> MutexGuard<'static, Instance> {
    let mut instance = INSTANCE.lock().unwrap_or_else(PoisonError::into_inner);
    let pid = std::process::id();
    if instance.pid != pid {
        // The copy of the parent's manager is neither used nor taken down.
        std::mem::forget(instance.manager.take());
        instance.pid = pid;
    }
    instance
}

impl SessionManager {
    /// The one manager of this process, over the default store unless configured otherwise.
    pub fn get_instance() -> Result<Arc<Self>> {
        let mut instance = instance();
        if let Some(manager) = &instance.manager {
            return Ok(Arc::clone(manager));
        }
        let (storage, options) = instance.configured.clone().unwrap_or_default();
        let manager = Self::with_options(SessionStorage::open(storage)?, options);
        instance.manager = Some(Arc::clone(&manager));
        Ok(manager)
    }

    /// Says how the one manager will be made. `INVALID_ARGUMENT` once it is.
    pub fn configure(storage: StorageOptions, options: ManagerOptions) -> Result<()> {
        let mut instance = instance();
        if instance.manager.is_some() {
            return Err(OpencodeError::invalid_with_hint(
                "the session manager is in use already",
                "configure() before the first get_instance(), or reset_instance() first",
            ));
        }
        instance.configured = Some((storage, options));
        Ok(())
    }

    /// Closes the one manager's session and forgets the manager and how it was configured.
    pub fn reset_instance() -> Result<()> {
        let taken = {
            let mut instance = instance();
            instance.configured = None;
            instance.manager.take()
        };
        taken.map_or(Ok(()), |manager| manager.close())
    }
}

//! What there is one of in a process: the manager, the registry of hooks, the default store.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::sync::Arc;

use opencode_sessions::hooks::{Hook, HookEvent, HookRegistry};
use opencode_sessions::{
    ManagerOptions, NewSession, SessionManager, SessionStorage, StorageOptions,
};

#[test]
fn the_one_manager_is_configured_before_its_first_use_and_made_anew_after_a_reset() {
    let dir = support::place();
    let options =
        || StorageOptions { path: Some(dir.path().join("own")), ..StorageOptions::default() };
    SessionManager::configure(options(), ManagerOptions::default()).unwrap();
    let manager = SessionManager::get_instance().unwrap();
    assert!(Arc::ptr_eq(&manager, &SessionManager::get_instance().unwrap()));
    assert_eq!(manager.storage().path(), dir.path().join("own"));
    let late = SessionManager::configure(options(), ManagerOptions::default()).unwrap_err();
    assert_eq!(late.code().as_str(), "INVALID_ARGUMENT");

    manager.create(NewSession::default()).unwrap();
    SessionManager::reset_instance().unwrap();
    assert!(!manager.has_current());
    SessionManager::configure(options(), ManagerOptions::default()).unwrap();
    assert!(!Arc::ptr_eq(&manager, &SessionManager::get_instance().unwrap()));
    SessionManager::reset_instance().unwrap();
}

#[test]
fn the_one_registry_of_hooks_runs_what_was_registered_anywhere() {
    let id = HookRegistry::global().register(Hook::new("session:end", "echo heard").unwrap());
    let results = HookRegistry::global().fire(&HookEvent::session_end("one"));
    assert_eq!(results[0].stdout, "heard\n");
    assert!(HookRegistry::global().unregister(id));
}

#[test]
fn the_default_store_is_where_the_environment_says_else_below_the_home() {
    for (variable, expected) in
        [("OPENCODE_SESSIONS_DIR", "/somewhere"), ("HOME", "/somewhere/.opencode/sessions")]
    {
        let output = support::player("role_default_dir")
            .env_remove("OPENCODE_SESSIONS_DIR")
            .env(variable, "/somewhere")
            .output()
            .unwrap();
        assert_eq!(support::hear(&mut &*output.stdout).as_deref(), Some(expected));
    }
}

#[test]
#[ignore = "a role"]
fn role_default_dir() {
    if support::plays("role_default_dir") {
        support::say(&SessionStorage::default_dir().unwrap().to_string_lossy());
    }
}

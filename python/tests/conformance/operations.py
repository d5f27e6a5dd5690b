"""How an operation of a case is called.

Most are what api.json says: a class, a method with named arguments, a property. Those that are not
are in the tables of their areas. ``OWN`` are the steps that are no operation of the library.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from opencode.sessions import SessionIndex, SessionManager, SessionStorage
from tests.conformance import clients, conversations, files, hooks, processes, servers, sessions
from tests.conformance.cases import python_names
from tests.conformance.values import Names

#: What an operation is about, where its name does not say it.
_AREAS = {"events.subscribe": "client"}
#: Called with the object and the arguments.
OPERATIONS: dict[str, Any] = {
    **conversations.OPERATIONS,
    **hooks.OPERATIONS,
    **sessions.OPERATIONS,
}
#: Called with the case's names, the object and the arguments.
OF_CASE: dict[str, Any] = {**clients.OPERATIONS, **conversations.OF_CASE}
#: Called with the case's names and the arguments.
OWN: dict[str, Any] = {
    **clients.OWN,
    **conversations.OWN,
    **files.OPERATIONS,
    **hooks.OWN,
    **processes.OPERATIONS,
    **servers.OWN,
}


def call(names: Names, step: dict[str, Any]) -> Any:
    """Does one step and gives its result as Python has it."""
    operation = step["op"]
    args = names.resolve(step.get("args", {}))
    if operation in OWN:
        return OWN[operation](names, **args)
    if operation in _MADE:
        return _MADE[operation](names, **args)
    if operation in OF_CASE:
        return OF_CASE[operation](names, on(names, step), **args)
    if operation in OPERATIONS:
        return OPERATIONS[operation](on(names, step), **args)
    owner, member = resolve(python_names(operation)[0])
    if member is None:
        return owner(**args)
    if isinstance(inspect.getattr_static(owner, member), (classmethod, staticmethod)):
        return getattr(owner, member)(**args)
    found = getattr(on(names, step), member)
    return found(**args) if callable(found) else found


def resolve(name: str) -> tuple[Any, str | None]:
    """``opencode.sessions.Session.fork`` as the class and ``fork``; without a method, ``None``."""
    package, module, public, *member = name.split(".")
    owner = getattr(importlib.import_module(f"{package}.{module}"), public)
    return owner, member[0] if member else None


def on(names: Names, step: dict[str, Any]) -> Any:
    """What a step is about: what it names, else the one of its area, made when first used."""
    area = _AREAS.get(step["op"]) or step["op"].partition(".")[0]
    name = step.get("on", area)
    if name not in names.named and name in _DEFAULTS:
        names.named[name] = _DEFAULTS[name](names)
    return names.named[name]


def _manager(names: Names, storage: Any = None, auto_save_interval: float = 0) -> SessionManager:
    return SessionManager(storage or _default_storage(names), auto_save_interval)


def _index(names: Names, storage: Any = None) -> SessionIndex:
    return SessionIndex(storage or _default_storage(names))


def _storage(names: Names, path: str | None = None, **options: Any) -> SessionStorage:
    return SessionStorage(path or names.path("store"), **options)


def _default_storage(names: Names) -> SessionStorage:
    if "storage" not in names.named:
        names.named["storage"] = _storage(names)
    storage: SessionStorage = names.named["storage"]
    return storage


_MADE: dict[str, Any] = {
    **clients.MADE,
    **conversations.MADE,
    "index.new": _index,
    "manager.new": _manager,
    "storage.new": _storage,
}
_DEFAULTS: dict[str, Any] = {
    "client": clients.new,
    "conversation": conversations.create,
    "index": _index,
    "manager": _manager,
    "storage": _default_storage,
}

"""Everything public is in ``api.json``, and everything in ``api.json`` is there."""

from __future__ import annotations

import importlib
import inspect
import types
from collections.abc import Iterator
from typing import Any

import pytest

from opencode.errors import OpencodeError
from tests.conformance.cases import API, all_cases, python_names
from tests.conformance.operations import OPERATIONS, OWN, resolve

MODULES = ("client", "conversation", "hooks", "sessions")
#: Public, but neither an operation nor a record.
ONLY: dict[str, str] = API["only"]["python"]


@pytest.mark.parametrize("operation", API["operations"])
def test_every_operation_is_there_by_its_name(operation: str) -> None:
    for name in python_names(operation):
        owner, member = resolve(name)
        assert member is None or hasattr(owner, member), name


def _named() -> tuple[set[str], set[int]]:
    """The names in ``api.json``, and the functions they mean: one can have several names."""
    names, meant = set(), set()
    for operation in API["operations"]:
        for name in python_names(operation):
            names.add(name)
            owner, member = resolve(name)
            names.add(name.rpartition(".")[0] if member else name)
            if member is not None:
                meant.add(id(_function(owner, member)))
    for record in API["records"].values():
        names.add(record["python"])
        names.update(f"{record['python']}.{field}" for field in record["fields"])
    return names, meant


def _function(owner: Any, member: str) -> Any:
    found = inspect.getattr_static(owner, member, None)
    return getattr(found, "__func__", found)


def _public() -> Iterator[tuple[str, Any]]:
    for module in MODULES:
        package = importlib.import_module(f"opencode.{module}")
        for name in package.__all__:
            public = getattr(package, name)
            if isinstance(public, type) and issubclass(public, OpencodeError):
                continue
            yield f"opencode.{module}.{name}", public


def _members(public: type) -> set[str]:
    """What a class offers beyond the list, tuple or dict it is."""
    own = {name for name in dir(public) if not name.startswith("_")}
    for base in public.__mro__:
        own |= {name for name in vars(base).get("__annotations__", {}) if name[0] != "_"}
        if base in (list, tuple, dict):
            own -= set(dir(base))
    return own


def test_everything_public_is_in_the_table() -> None:
    names, meant = _named()
    missing = []
    for name, public in _public():
        twin = name.replace(".Async", ".")
        if twin not in names and name not in ONLY:
            missing.append(name)
        if not isinstance(public, type) or isinstance(public, types.GenericAlias):
            continue
        for member in _members(public):
            known = f"{name}.{member}" in names or f"{twin}.{member}" in names
            if not known and id(_function(public, member)) not in meant:
                missing.append(f"{name}.{member}")
    assert not missing, "\n".join(sorted(missing))


@pytest.mark.parametrize("record", API["records"])
def test_every_field_of_a_record_is_there(record: str) -> None:
    public, _ = resolve(API["records"][record]["python"])
    has = _members(public) | set(dir(public))
    # A list's own fields are set when one is made.
    if not issubclass(public, list):
        assert [field for field in API["records"][record]["fields"] if field not in has] == []


def test_every_step_of_a_case_is_an_operation() -> None:
    known = {*API["operations"], *OWN}
    unknown = {step["op"] for case in all_cases() for step in case.steps} - known
    assert sorted(unknown) == []
    assert sorted(set(OPERATIONS) - set(API["operations"])) == []


def test_every_case_has_an_id_of_its_own() -> None:
    ids = [case.id for case in all_cases()]
    assert sorted(set(ids)) == sorted(ids)

"""``client.*``, ``scope.*`` and ``events.*``, with the client that waits and with asyncio's."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from opencode.client import AsyncClient, Client, EventStream, Reject
from tests.conformance.cases import API, python_names
from tests.conformance.values import Names, canonical

#: Longer than anything here takes: a stream that stays silent fails its case.
PATIENCE = 60.0


def new(names: Names, **options: Any) -> Any:
    options = {**names.named["server"].options, **options}
    for handler in ("on_permission", "on_question"):
        if handler in options:
            options[handler] = _handler(options[handler])
    if names.loop is None:
        return Client(**options)
    client = AsyncClient(**options)
    names.ending.callback(lambda: done(names, client.aclose()))
    return client


def _handler(says: Any) -> Callable[[Any], Any]:
    if isinstance(says, dict):
        says = Reject(says["reject"])
    return lambda _: says


def done(names: Names, given: Any) -> Any:
    """What a call gives, once it is through."""
    if names.loop is None:
        return given
    if inspect.isasyncgen(given):
        return names.loop.run_until_complete(_collected(given))
    return names.loop.run_until_complete(given) if inspect.isawaitable(given) else given


async def _collected(given: Any) -> list[Any]:
    return [one async for one in given]


def _call(operation: str, names: Names, client: Any, **args: Any) -> Any:
    """``client.sessions.get`` of a client, of either kind."""
    *places, member = operation.split(".")[1:]
    for place in places:
        client = getattr(client, place)
    found = getattr(client, member)
    result = done(names, found(**args)) if callable(found) else found
    return list(result) if inspect.isgenerator(result) else result


def close(names: Names, client: Any) -> None:
    done(names, client.close() if names.loop is None else client.aclose())


def wait_idle(names: Names, client: Any, session_id: str, timeout: float = PATIENCE) -> None:
    done(names, client.wait_idle(session_id, timeout=timeout))


def session_scope(names: Names, client: Any, **args: Any) -> Any:
    scope = client.session_scope(**args)
    return done(names, scope.__enter__() if names.loop is None else scope.__aenter__())


def close_scope(names: Names, scope: Any) -> None:
    done(names, scope.close() if names.loop is None else scope.aclose())


def subscribe(names: Names, client: Any, session_id: str | None = None) -> EventStream:
    stream = client.subscribe(session_id)
    if names.loop is not None:
        done(names, stream.__aenter__())
    opened: EventStream = stream
    return opened


def following(names: Names, events: EventStream) -> Any:
    """The next event, ``None`` at the end."""
    late = threading.Timer(PATIENCE, events.end)
    late.start()
    try:
        return events.__next__() if names.loop is None else done(names, events.__anext__())
    except (StopIteration, StopAsyncIteration):
        return None
    finally:
        late.cancel()


def until(names: Names, type: str, events: EventStream | None = None) -> list[Any]:
    """The events up to the first of a type."""
    stream: EventStream = events or names.named["events"]
    seen = []
    while (event := following(names, stream)) is not None:
        seen.append(canonical(event))
        if event.type == type:
            return seen
    raise AssertionError(f"the stream ended before {type}; it told {seen}")


#: Called with the case's names, the object and the arguments.
OPERATIONS: dict[str, Any] = {
    **{
        operation: partial(_call, operation)
        for operation in API["operations"]
        if operation.startswith("client.") and python_names(operation)
    },
    "client.close": close,
    "client.session_scope": session_scope,
    "client.wait_idle": wait_idle,
    "events.next": following,
    "events.subscribe": subscribe,
    "scope.close": close_scope,
}
#: Called with the case's names and the arguments.
MADE: dict[str, Any] = {"client.new": new}
OWN: dict[str, Any] = {"events.until": until}

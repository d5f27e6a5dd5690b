"""Shell commands that run when a session starts, ends or gains a message.

A ``HookRegistry`` holds ``Hook`` commands and runs them for a ``HookEvent``: by
``registry.fire``, by ``fire_event`` of the program's one registry, or by itself once it is
attached to a ``SessionManager``. Commands are told what happened in environment variables only.

>>> from opencode.hooks import Hook, HookEvent, HookRegistry
>>> registry = HookRegistry()
>>> number = registry.register(Hook("session:start", 'echo "$OPENCODE_SESSION_ID started"'))
>>> registry.fire(HookEvent.session_start("abc123"))[0].stdout
'abc123 started\\n'
>>> registry.unregister(number)
True
"""

from __future__ import annotations

from opencode.sessions._native import Hook, HookEvent, HookResult
from opencode.sessions._native import HookRegistry as _Registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from opencode.sessions import SessionManager

    # Inside the class, `list` is its method.
    _Hooks: TypeAlias = list[Hook]
    _Results: TypeAlias = list[HookResult]

__all__ = [
    "Hook",
    "HookEvent",
    "HookRegistry",
    "HookResult",
    "fire_event",
    "fire_event_sync",
]


class HookRegistry:
    """The shell hooks of a program, in the order they were registered. Safe from any thread.

    ``HookRegistry.get_instance()`` is the one the program shares, ``HookRegistry()`` another one.
    """

    _instance: HookRegistry

    def __init__(self) -> None:
        self._registry = _Registry()

    @classmethod
    def get_instance(cls) -> HookRegistry:
        """The one registry of this process."""
        return cls._instance

    def register(self, hook: Hook) -> int:
        """Runs ``hook`` on every later event its pattern matches. Gives its number."""
        return self._registry.register(hook)

    def unregister(self, hook: Hook | int) -> bool:
        """Takes a hook out, by itself or its number; ``False`` if it is not there."""
        if isinstance(hook, int):
            return self._registry.unregister(hook)
        for number, registered in self._registry.entries():
            if registered == hook:
                return self._registry.unregister(number)
        return False

    def list(self) -> _Hooks:
        """The hooks, in the order they were registered."""
        return [hook for _, hook in self._registry.entries()]

    def clear(self) -> None:
        """Takes every hook out."""
        self._registry.clear()

    def fire(self, event: HookEvent) -> _Results:
        """Runs the enabled hooks for an event one after the other; gives what became of each.

        Blocks until the last has ended. One that fails is logged, and the others still run.
        """
        return self._registry.fire(event)

    def attach(self, manager: SessionManager) -> None:
        """Runs the hooks on every event of a manager, on the thread that makes the change."""
        manager.register_hook("session:*", self._of_manager)

    def detach(self, manager: SessionManager) -> bool:
        """Ends that; ``False`` if it was not attached."""
        return manager.unregister_hook("session:*", self._of_manager)

    def _of_manager(self, event: HookEvent) -> None:
        self.fire(event)

    def __repr__(self) -> str:
        return f"<HookRegistry of {len(self.list())} hooks>"


HookRegistry._instance = HookRegistry()


def fire_event_sync(event: HookEvent) -> list[HookResult]:
    """Runs the hooks of the program's registry for an event; blocks until the last has ended."""
    return HookRegistry.get_instance().fire(event)


async def fire_event(event: HookEvent) -> list[HookResult]:
    """The same without blocking the event loop: the commands are waited for on a thread.

    >>> import asyncio
    >>> from opencode.hooks import HookEvent, fire_event
    >>> asyncio.run(fire_event(HookEvent.session_end("abc123")))
    []
    """
    import asyncio

    return await asyncio.to_thread(fire_event_sync, event)

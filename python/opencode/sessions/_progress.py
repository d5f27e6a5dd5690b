"""The progress bar of ``progress=True``: one line on stderr, and none when it is no terminal."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def bar(what: str) -> Callable[[int, int], None]:
    """What hears of ``(done, total)`` and shows it; by ``rich`` where that is installed."""
    import sys

    if not sys.stderr.isatty():
        return lambda _done, _total: None
    try:
        return _rich_bar(what)
    except ImportError:
        return _text_bar(what)


def _rich_bar(what: str) -> Callable[[int, int], None]:
    from rich.console import Console
    from rich.progress import Progress

    progress = Progress(console=Console(stderr=True))
    task = progress.add_task(what, total=None)
    progress.start()

    def show(done: int, total: int) -> None:
        progress.update(task, completed=done, total=total)
        if done >= total:
            progress.stop()

    return show


def _text_bar(what: str) -> Callable[[int, int], None]:
    import sys

    def show(done: int, total: int) -> None:
        end = "\n" if done >= total else ""
        sys.stderr.write(f"\r{what}: {done} of {total}{end}")
        sys.stderr.flush()

    return show

"""The lists that listing, searching and cleaning up give."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from opencode.sessions._native import SearchHit, SessionSummary
else:
    SearchHit = SessionSummary = object

__all__ = ["CleanupResult", "SearchResults", "SessionList"]


class SessionList(list[SessionSummary]):
    """A page of a listing: a list with ``next_cursor``, which is ``None`` on the last page, and
    ``total``, which is ``None`` unless it was asked for.

    >>> from tempfile import mkdtemp
    >>> from opencode.sessions import Session, SessionManager, SessionStorage
    >>> storage = SessionStorage(mkdtemp())
    >>> for title in ("a", "b", "c"):
    ...     storage.save(Session(title=title))
    >>> manager = SessionManager(storage)
    >>> page = manager.list_sessions(limit=2, sort_by="title", descending=False, with_total=True)
    >>> [s.title for s in page], page.total
    (['a', 'b'], 3)
    >>> following = manager.list_sessions(
    ...     limit=2, sort_by="title", descending=False, cursor=page.next_cursor
    ... )
    >>> [s.title for s in following], following.next_cursor
    (['c'], None)
    """

    def __init__(
        self,
        summaries: Iterable[SessionSummary] = (),
        next_cursor: str | None = None,
        total: int | None = None,
    ) -> None:
        super().__init__(summaries)
        self.next_cursor = next_cursor
        self.total = total

    def __repr__(self) -> str:
        lines = "".join(f"\n  {summary!r}," for summary in self)
        more = ", more follow" if self.next_cursor else ""
        return f"<SessionList of {len(self)}{more}:{lines}\n>" if self else "<SessionList of 0>"

    def _repr_html_(self) -> str:
        from opencode.sessions import _html

        return _html.sessions(self)


class SearchResults(list[SearchHit]):
    """What a search found. ``sessions_indexed`` of ``sessions_total`` sessions have been read for
    it; they differ only for a while after the index was made anew.
    """

    def __init__(
        self,
        hits: Iterable[SearchHit] = (),
        sessions_indexed: int = 0,
        sessions_total: int = 0,
    ) -> None:
        super().__init__(hits)
        self.sessions_indexed = sessions_indexed
        self.sessions_total = sessions_total

    def __repr__(self) -> str:
        lines = "".join(f"\n  {hit!r}," for hit in self)
        read = f"{self.sessions_indexed} of {self.sessions_total} sessions"
        return (
            f"<SearchResults: {len(self)} in {read}{lines}\n>"
            if self
            else (f"<SearchResults: 0 in {read}>")
        )

    def _repr_html_(self) -> str:
        from opencode.sessions import _html

        return _html.hits(self)


class CleanupResult(list[str]):
    """The ids of what a clean-up moved to the trash; ``skipped`` are the ids it left, and why."""

    def __init__(
        self, removed: Iterable[str] = (), skipped: Iterable[tuple[str, str]] = ()
    ) -> None:
        super().__init__(removed)
        self.skipped = list(skipped)

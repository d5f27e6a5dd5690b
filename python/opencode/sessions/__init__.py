"""Sessions of an AI coding agent: kept as files, safe against crashes, fast to list and search."""

from opencode.sessions._native import __version__

__all__ = ["__version__"]

"""The client, as coroutines. ``_sync`` is written from these files by ``cargo xtask docs``."""

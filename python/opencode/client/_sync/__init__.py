"""The client that waits. Written from ``_async`` by ``cargo xtask docs``."""

"""Every exception of opencode-sessions, each with its stable ``code``."""

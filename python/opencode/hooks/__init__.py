"""What runs when a session starts, ends or gains a message."""

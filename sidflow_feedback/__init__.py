"""Local-first taste learning for the web: keeps what a listener does, and learns from it, in the browser."""

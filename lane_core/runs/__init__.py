"""A run on disk: the file contract, the worker that writes it, the launcher that starts it."""

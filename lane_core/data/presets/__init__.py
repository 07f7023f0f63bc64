"""Exports for other tools: each preset writes what a run found and people decided as that tool reads it."""

"""File formats: each reads a file without changing a cell, and writes it back in its own shape with other labels."""

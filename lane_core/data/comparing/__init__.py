"""Two files side by side: which rows belong together, what differs, and changes made in another file."""

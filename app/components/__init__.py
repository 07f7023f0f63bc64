"""Parts of screens that more than one page, or a browser script, needs."""

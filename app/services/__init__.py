"""What pages ask for and what their buttons do: thin joins over the workspace, one file a screen."""

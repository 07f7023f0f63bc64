"""What a person should know about a file before it is stored, and the fixes for it."""

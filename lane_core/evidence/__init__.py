"""Evidence for a person's decision: pure functions on arrays and frames."""

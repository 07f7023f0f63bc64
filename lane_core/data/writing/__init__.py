"""Files out: the corrected file in its own shape, tables in any format, and what explains them."""

"""Wrong labels put in on purpose, to measure what finds them."""

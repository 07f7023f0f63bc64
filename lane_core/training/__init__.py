"""The training loop: encoder, features, checkpoint, epochs."""

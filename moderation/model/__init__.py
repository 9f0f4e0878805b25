"""Encoder, head and claim index: preparing, loading, batching, training, evaluating."""

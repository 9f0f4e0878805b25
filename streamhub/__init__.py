"""The live core: facts, the log they are kept in, what they mean, and the hub that shows them."""

"""What is kept: the log, the state folded from it, boards, archive, and the store beneath them."""

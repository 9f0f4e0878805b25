"""What the log means: pure folds, one projection a file. No clock, no network, no randomness."""

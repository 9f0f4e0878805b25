"""One file a check; each tests one thing and says why."""

"""Recorded comments said again through the real path: readers of recordings, the player, the account of it."""

"""Measurements of the real server beside its peers: `streamhub bench`."""

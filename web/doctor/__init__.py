"""What is wrong with a setup, in plain words, and what to do about it. Called by `streamhub doctor`.

`machine.py` looks at the computer, `parts.py` at what StreamHub needs and at a running server.
"""

"""The demonstration: a simulated evening at a reef, its trips, and the loader that plays them."""

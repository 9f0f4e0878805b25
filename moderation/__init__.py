"""Screens comments: reads the log, judges, appends a verdict with its reasons."""

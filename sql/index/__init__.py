"""The statements of the companion file: words and tallies, kept off the way of the events."""

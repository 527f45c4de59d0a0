"""Starts the program: reads the settings, builds the objects, hands them to each other, runs them."""

"""Servers that other people wrote, started on loopback for a test."""

"""Copydesk in Slack: how it looks there, and how it is reached."""

"""Chats: people talk to the desk and press its buttons."""

"""Our own chat: a page in the browser."""

from bot.webchat.chat import WebChat

__all__ = ["WebChat"]

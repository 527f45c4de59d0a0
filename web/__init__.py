"""The web application: pages, webhooks, media, health."""

"""The desk without a key: a chat model made of rules, a small router and templates, deterministic and honest about it."""

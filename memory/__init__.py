"""Finding what was said: embeddings, the index, remembering and recalling."""

"""One turn of thought."""

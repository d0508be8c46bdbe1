"""The torch functions that answer the nouns' requests. Only a thread imports them, at its first request."""

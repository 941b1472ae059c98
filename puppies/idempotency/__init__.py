"""Answers kept under the key that a client gave its request, so that sending it again has no second effect."""

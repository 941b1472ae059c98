"""Figures about the whole: what happened on each day, counted once, for Prometheus and as a row in PostgreSQL (ADR 18)."""

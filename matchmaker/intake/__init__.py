"""Bring participants and their meetings in: from tables, articles and public registries."""

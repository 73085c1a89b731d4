"""Fetching a corpus: resumable downloads, checked archives."""

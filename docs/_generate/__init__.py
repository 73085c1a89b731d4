"""What docs/generate.py writes its pages with."""

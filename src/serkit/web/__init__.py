"""A page on this machine: record or drop a file and see what a model hears; ``serkit serve``."""

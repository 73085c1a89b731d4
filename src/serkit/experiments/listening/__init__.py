"""The listening test: in which order, what is kept of each answer, and how answers become a run."""

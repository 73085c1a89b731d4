"""What ``make_results.py`` writes: the runs that are kept, and the page made from them."""

"""``serkit serve``: a local web page that predicts recordings and dropped files."""

"""The listening test: the order of clips, the file of answers, and the run made from them."""

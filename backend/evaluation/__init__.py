"""How good the search and the reader of reviews are, measured against judgements made by hand: `make eval`."""

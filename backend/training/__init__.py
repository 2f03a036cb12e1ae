"""How the local reader learned what it knows: `make train`.

In the order of what happens: `sentences` (the public sentences of the warm-up), `texts` (reviews with labels, and the
folds), `model` (what learns), `learning` (the loss and the schedule), `answers` (the held-out answers and the
threshold), `arrays` (the file that is shipped). Only `model` and `learning` need torch, which the workshop's own
environment does not have.
"""

"""A practice of pegs and papers: the smallest tables on which every constraint can be tried."""

"""The budgets, measured: each work beside a peer that does the same in the simplest or the usual way, in one run."""

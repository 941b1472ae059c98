"""Comments: written and read on one post, in threads of one level; counted by the ledger."""

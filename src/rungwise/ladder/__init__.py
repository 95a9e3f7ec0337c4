"""The discipline: what was asked before a run, what came of it, and a record of both that nobody can rewrite.

ledger.py is the record, handoff.py what it says to people, queue.py a rung over many seeds and settings. Nothing here
needs torch.
"""

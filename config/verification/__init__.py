"""The promises of the system checked on the live system: `manage.py verify`, a module for each of them.

What is checked from the data reads one snapshot, so writes that go on meanwhile are no findings, and changes nothing. What only a moment
can show is tried out by a probe (`config.verification.probe`), when it is asked for.
"""

"""The one error of the embedded stack."""


class StackError(Exception):
    """Something the developer has to know: the message says what happened and what to type."""

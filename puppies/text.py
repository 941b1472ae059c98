"""What counts as text that somebody can see."""

import unicodedata

# Letters and symbols by category that nevertheless show nothing: Hangul fillers, the empty Braille pattern.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
# Categories without ink of their own: separators, controls, formats (zero-width), surrogates, unassigned, and marks.
_WITHOUT_INK = ("Z", "C", "M")


def is_visible(text: str) -> bool:
    """Whether the text has at least one character that shows something."""
    return any(
        not unicodedata.category(character).startswith(_WITHOUT_INK) and character not in _BLANK
        for character in text
    )

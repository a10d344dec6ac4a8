"""Text from outside (file names, reasons) as it may stand in a page or a table: whole, and nothing but text."""

import re

_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def plain(text: str) -> str:
    """The same text; what no page can hold (control characters, bytes of a name that are no UTF-8) reads as U+FFFD."""
    return _UNFIT.sub("\ufffd", text)

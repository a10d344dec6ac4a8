"""The report of a scoring: one self-contained page, and the same as a table."""

from samecast.media.report.page import Page

__all__ = ["Page"]

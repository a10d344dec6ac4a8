"""Anchors that are checked: looking for a reference's distinctive details in other pictures."""

from samecast.vision.anchors.reader import AnchorEyes

__all__ = ["AnchorEyes"]

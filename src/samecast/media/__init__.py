"""Pictures and clips: reading them safely, writing them whole, contact sheets, and the recipe inside a file."""

from samecast.media.local import LocalMedia

__all__ = ["LocalMedia"]

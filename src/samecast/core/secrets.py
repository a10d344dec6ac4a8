"""Secrets that this process has read from elsewhere than its environment, so that logs can strike them out."""

_known: set[str] = set()


def remember(secret: str) -> str:
    """Have `secret` struck out of logs and spans from now on; returns it."""
    _known.add(secret)
    return secret


def remembered() -> tuple[str, ...]:
    return tuple(sorted(_known))

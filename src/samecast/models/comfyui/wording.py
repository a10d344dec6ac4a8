"""What a server or a workflow says, as one readable line of an error."""

from samecast.core.secrets import remembered

LONGEST = 240


def shown(text: object) -> str:
    """One line of at most 240 readable characters, without the secrets that are known here.

    Unlike `hosted.words.line` it keeps whatever is long: classes of nodes and files of weights look like keys.
    """
    words = " ".join("".join(c if c.isprintable() else " " for c in str(text)[:100_000]).split())
    for secret in remembered():
        words = words.replace(secret, "[...]")
    words = words.rstrip(".")
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"

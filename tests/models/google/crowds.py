"""What is alike in a take's life for all of Google's models: how it says that there are too many, and what is done."""

from tests.models.google.server import said
from tests.models.provider import life
from tests.models.provider.server import Answer

EXHAUSTED = "RESOURCE_EXHAUSTED"


class Google(life.Once):
    patience = (30, 3)  # 10 + 20; 40 more would be too long
    doubt = "may or may not have received this take"

    def says(self, status: int, words: str, **headers: str) -> Answer:
        return said(status, words, EXHAUSTED if status == 429 else "INVALID_ARGUMENT", **headers)

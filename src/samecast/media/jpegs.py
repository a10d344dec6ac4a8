"""Small JPEGs, to be shown on a page. Pictures that are kept are PNGs: `provenance`."""

import io

from PIL import Image

from samecast.core.errors import InvalidInput
from samecast.media.pictures import fit_picture
from samecast.ports import Picture, Pixels


def jpeg(rgb: Pixels, *, longest: int, quality: int = 80) -> bytes:
    """`rgb` as a JPEG, reduced so that its longer side is at most `longest` pixels; never enlarged.

    `quality` in 1..95. Raises `InvalidInput` for a size or a quality that no JPEG has, and for an empty picture.
    """
    if longest < 1 or not 1 <= quality <= 95:
        raise InvalidInput(
            "A JPEG needs a longer side of at least 1 pixel and a quality of 1 to 95.", hint="80 is a good quality."
        )
    if rgb.size == 0:
        raise InvalidInput("An empty picture cannot be saved as a JPEG.", hint="Give a picture of at least one pixel.")
    fitted = fit_picture(Picture(rgb=rgb), longest)
    content = io.BytesIO()
    Image.fromarray(fitted.rgb).save(content, "JPEG", quality=quality)
    return content.getvalue()

"""Pictures to bytes, one spelling per format."""

from io import BytesIO

from PIL import Image


def encode(picture: Image.Image, suffix: str) -> bytes:
    """Return `picture` as the format that `suffix` (without dot) names; raises KeyError."""
    out = BytesIO()
    match suffix:
        case "jpg":
            picture.save(out, "JPEG", quality=84)
        case "png":
            few = picture.quantize(128, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
            few.save(out, "PNG", optimize=True)
        case "webp":
            picture.save(out, "WEBP", quality=82)
        case "tiff":
            picture.save(out, "TIFF", compression="tiff_lzw")
        case "gif":
            picture.quantize(96).save(out, "GIF")
        case "bmp":
            picture.quantize(200).save(out, "BMP")
        case _:
            raise KeyError(suffix)
    return out.getvalue()

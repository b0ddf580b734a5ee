"""One small picture in every encoding that people have, and what a viewer shows of each."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image, ImageOps
from shared import encoded

WIDTH, HEIGHT = 20, 14
ALONE = "read"
"""What the documentation says of an encoding that a SavedModel reads by itself."""


def drawing() -> Any:
    """Soft colours, so that JPEG keeps them."""
    shades = np.random.default_rng(3).integers(0, 256, (3, 4, 3), dtype=np.uint8)
    return Image.fromarray(shades).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)


def clear() -> Any:
    """The same, ever more transparent to the left."""
    alpha = np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, 1))
    image = drawing().convert("RGBA")
    image.putalpha(Image.fromarray(alpha))
    return image


def deep() -> Any:
    """16 bits, grey."""
    return Image.fromarray(np.arange(WIDTH * HEIGHT, dtype=np.uint16).reshape(HEIGHT, WIDTH) * 234)


def tagged(orientation: int) -> Any:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def laid(orientation: int) -> Any:
    """The drawing as a camera keeps it that says it is to be turned so."""
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    return drawing().transpose(turns[orientation]) if orientation > 1 else drawing()


def interlaced(content: bytes) -> bytes:
    """A PNG of 8 bits in colour, its rows in Adam7's order, which Pillow does not write."""
    pixels = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
              (1, 0, 2, 1))  # fmt: skip
    rows = b"".join(
        b"\0" + row.tobytes()
        for top, left, down, right in passes
        for row in pixels[top::down, left::right]
        if row.size
    )
    head = struct.pack(">IIBBBBB", *pixels.shape[1::-1], 8, 2, 0, 0, 1)
    return png((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of such chunks."""
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, data in chunks:
        checked = kind + data
        parts.append(
            struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))
        )
    return b"".join(parts)


def unmarked(content: bytes) -> bytes:
    """A JPEG without Adobe's mark."""
    start = content.index(b"\xff\xee")
    return content[:start] + content[start + 2 + int.from_bytes(content[start + 2 : start + 4]) :]


def bitmap(how: str) -> bytes:
    """A BMP of a kind that Pillow does not write."""
    pixels = np.asarray(drawing()).astype(int)
    if how == "core":  # the head of OS/2
        info = struct.pack("<IHHHH", 12, WIDTH, HEIGHT, 1, 24)
        rows = np.ascontiguousarray(pixels[::-1, :, ::-1].astype(np.uint8)).tobytes()
        return b"BM" + struct.pack("<IHHI", 26 + len(rows), 0, 0, 26) + info + rows
    palette = masks = b""
    if how == "rle":
        grey = pixels.mean(-1).astype(np.uint8)
        palette = b"".join(bytes((n, n, n, 0)) for n in range(256))
        runs = (b"".join(bytes((1, n)) for n in row) + b"\0\0" for row in grey[::-1])
        bits, kind, data = 8, 1, b"".join(runs) + b"\0\1"
    else:
        red, green, blue = (pixels[..., n] >> shift for n, shift in enumerate((3, 2, 3)))
        data = (red << 11 | green << 5 | blue).astype("<u2")[::-1].tobytes()
        bits, kind, masks = 16, 3, struct.pack("<III", 0xF800, 0x7E0, 0x1F)
    size = len(data), 2835, 2835, len(palette) // 4, 0
    info = struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, bits, kind, *size) + masks
    start = 14 + len(info) + len(palette)
    head = b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start)
    return head + info + palette + data


def encodings() -> dict[str, bytes]:
    """The drawing in every encoding, by the name that the documentation has for it."""
    image, alpha = drawing(), clear()
    colours, grey = encoded(image), image.convert("L")
    printed = encoded(image.convert("CMYK"), "JPEG", quality=95)
    frames = {"save_all": True, "append_images": [image.rotate(180).quantize(9)]}
    return {
        "PNG, 1 bit": encoded(image.convert("1")),
        "PNG, 8 bits, grey": encoded(grey),
        "PNG, 16 bits, grey": encoded(deep()),
        "PNG, RGB": colours,
        "PNG, RGBA": encoded(alpha),
        "PNG, grey and alpha": encoded(alpha.convert("LA")),
        "PNG, palette": encoded(image.quantize(40)),
        "PNG, palette with transparency": encoded(alpha.quantize(40)),
        "PNG, one colour transparent": encoded(image, transparency=image.getpixel((3, 3))),
        "PNG, interlaced": interlaced(colours),
        "PNG with an orientation": encoded(laid(6), exif=tagged(6)),
        "JPEG, baseline": encoded(image, "JPEG"),
        "JPEG, progressive": encoded(image, "JPEG", progressive=True),
        "JPEG, grey": encoded(grey, "JPEG"),
        "JPEG, CMYK with Adobe's mark": printed,
        "JPEG, CMYK without it": unmarked(printed),
        **{
            f"JPEG, orientation {n}": encoded(laid(n), "JPEG", exif=tagged(n)) for n in range(1, 9)
        },
        "MPO": encoded(image, "MPO", save_all=True, append_images=[image.resize((9, 7))]),
        "WebP, lossy": encoded(image, "WEBP"),
        "WebP, lossless": encoded(image, "WEBP", lossless=True),
        "WebP, alpha": encoded(alpha, "WEBP", lossless=True),
        "GIF, still": encoded(image.quantize(40), "GIF"),
        "GIF, transparent": encoded(alpha.quantize(40), "GIF"),
        "GIF, animated": encoded(image.quantize(40), "GIF", **frames),
        "BMP, 24 bits": encoded(image, "BMP"),
        "BMP, 32 bits": encoded(alpha, "BMP"),
        "BMP, palette": encoded(image.quantize(40), "BMP"),
        "BMP, 1 bit": encoded(image.convert("1"), "BMP"),
        "BMP, 16 bits": bitmap("565"),
        "BMP, RLE": bitmap("rle"),
        "BMP of OS/2": bitmap("core"),
        "TIFF, 8 bits": encoded(image, "TIFF"),
        "TIFF, LZW": encoded(image, "TIFF", compression="tiff_lzw"),
        "TIFF, 16 bits, grey": encoded(deep(), "TIFF"),
        "TIFF, CMYK": encoded(image.convert("CMYK"), "TIFF"),
        "TIFF, RGBA": encoded(alpha, "TIFF"),
        "TIFF with an orientation": encoded(laid(8), "TIFF", exif=tagged(8)),
    }  # fmt: skip


FLAT = png(
    (b"IHDR", struct.pack(">IIBBBBB", 13_000, 13_000, 1, 0, 0, 0, 0)),
    (b"IDAT", zlib.compress(bytes(1626) * 13_000, 9)), (b"IEND", b""),
)  # fmt: skip
"""A small file of many pixels."""
REFUSED = {
    "TIFF, floating point": encoded(drawing().convert("F"), "TIFF"),
    "PPM": encoded(drawing(), "PPM"),
    "ICO": encoded(drawing(), "ICO", sizes=[(16, 11)]),
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "HEIC": b"\0\0\0\x18ftypheic" + bytes(40),
}


def opinion(content: bytes, background: str = "white") -> np.ndarray:
    """What Pillow makes of it, upright and on a background. (height, width, 3) of 0 to 255."""
    with Image.open(io.BytesIO(content)) as opened:
        opened.load()
        image = ImageOps.exif_transpose(opened)
    if image.mode.startswith("I;16"):
        return np.repeat((np.asarray(image) / 257)[..., None], 3, axis=-1)
    image = image.convert("RGBA")
    ground = Image.new("RGBA", image.size, background)
    return np.asarray(Image.alpha_composite(ground, image).convert("RGB"), np.float64)

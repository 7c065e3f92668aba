"""Pictures for the measurements."""

import struct


def bmp(width, height, pixels):
    """A 24-bit BMP of these rows, each padded to a multiple of four bytes."""
    return b"BM" + struct.pack("<IHHI", 54 + len(pixels), 0, 0, 54) + struct.pack(
        "<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(pixels), 2835, 2835, 0, 0) + pixels

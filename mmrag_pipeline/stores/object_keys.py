"""Keys of files whose names are any bytes: valid Unicode, and the bytes come back."""

_ESCAPE = 0x10F700
"""Private-use code points _ESCAPE+0x80.._ESCAPE+0xFF stand for single raw bytes."""


def key_of(name: bytes) -> str:
    """Return a file name or relative path as valid Unicode; `name_of` gives the bytes back.

    A byte that is not UTF-8 becomes one private-use character; a name that already holds
    such a character has its bytes written the same way, so that no two names share a key.
    """
    try:
        key = name.decode()
    except UnicodeDecodeError:
        key = name.decode("utf-8", "surrogateescape")
    return key if key.isascii() else "".join(map(_spell, key))


def name_of(key: str) -> bytes:
    """Return the bytes that `key_of` spelled."""
    if key.isascii():
        return key.encode()
    return b"".join(map(_bytes_of, key))


def _spell(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return chr(_ESCAPE + code - 0xDC00)
    if _ESCAPE + 0x80 <= code <= _ESCAPE + 0xFF:
        return "".join(chr(_ESCAPE + byte) for byte in char.encode())
    return char


def _bytes_of(char: str) -> bytes:
    code = ord(char) - _ESCAPE
    return bytes([code]) if 0x80 <= code <= 0xFF else char.encode("utf-8", "surrogatepass")

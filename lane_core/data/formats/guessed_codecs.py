"""Guess the encoding of a text file that does not say it and is not UTF-8."""

from __future__ import annotations

import codecs
import re
from collections import Counter

import numpy as np

from lane_core.data.formats.byte_slices import release
from lane_core.data.formats.content import Data

_LATIN = {
    "cp1252": "àâäçèéêëîïôöùûüœæßñáíóúãõåøìò¿¡",
    "cp1254": "çğıöşüâîû",
    "cp1257": "āčēģīķļņšūžąęėįųõäöü",
    "cp1250": "áčďéěíňóřšťúůýžąćęłńśźżäöüßőűăâîşţđôľĺŕ",
}
"""Encodings of Latin letters, which differ in few bytes: what their languages are written with. The first of equals
wins."""
_OTHERS = [
    "cp1251", "cp1253", "cp1255", "cp1256", "koi8_r", "mac_roman", "cp850", "cp866", "cp874", "cp932", "euc_jp",
    "gb18030", "big5", "cp949",
]  # fmt: skip
"""Other encodings that files in common use have."""
_PIECE_BYTES = 1 << 20
_WINDOWS = 16
"""Pieces of a large file that are looked at closely, evenly spaced."""
_SAMPLE_BYTES = 1 << 16
_UTF16_MIN_NULS = 0.01
"""Share of NUL bytes in UTF-16, at least: delimiters, line breaks and digits have one each in any language."""
_RARE = 10
"""What hardly any word has is at most one letter in so many."""
_FOREIGN_LETTER = re.compile(r"[^\W\d_\x00-\x7f]")
_SIGN_IN_WORD = re.compile(
    r"(?<=[^\W\d_])[^\w\s\x00-\x7f\u0300-\u036f\u0590-\u0eff\u2010-\u2026·](?=[^\W\d_])"
)
_RARE_SIGN = re.compile("[\x80-\x9fÿ˙¨ˇ¸˘˛˝\u2500-\u259f]")
"""Control characters, accents without a letter, boxes, and what the byte FF is in the usual encoding."""
_LONE_FOREIGN_LETTER = re.compile(r"(?<![^\W\d_])[^\W\d_\x00-\x7f](?![^\W\d_])")


def guess_codec(data: Data) -> str | None:
    """Return the codec that a file without a byte order mark looks like; None = UTF-8, perhaps with broken bytes.

    Takes some milliseconds, for 300 MB below a second.
    """
    if wide := _utf16_by_nulls(data):
        return wide
    if _is_utf8(data):
        return None
    sample = _sample(data)
    return None if sample is None else _best_match(sample)


def _utf16_by_nulls(data: Data) -> str | None:
    """Return the UTF-16 codec if NULs stand where its text in ASCII has them, and it has line breaks."""
    start = data[:_SAMPLE_BYTES]
    nuls = np.frombuffer(start, np.uint8) == 0
    at_even, at_odd = int(nuls[::2].sum()), int(nuls[1::2].sum())
    if max(at_even, at_odd) < max(2, _UTF16_MIN_NULS * len(start)) or min(at_even, at_odd) * 10 > max(
        at_even, at_odd
    ):
        return None
    codec = "utf-16-le" if at_odd > at_even else "utf-16-be"
    try:
        text = codecs.getincrementaldecoder(codec)().decode(start)
    except UnicodeDecodeError:
        return None
    return codec if ("\n" in text or "\r" in text) and "\0" not in text else None


def _is_utf8(data: Data) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(data)
    try:
        for start in range(0, len(view), _PIECE_BYTES):
            decoder.decode(view[start : start + _PIECE_BYTES])
            release(data, start)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _sample(data: Data) -> bytes | None:
    """Return lines with bytes beyond ASCII; None if more of these are UTF-8 than not: such a file is damaged."""
    lines: list[bytes] = []
    size = num_foreign = num_broken = 0
    for piece in _pieces(data):
        points = np.frombuffer(
            piece.decode("utf-8", "surrogateescape").encode("utf-32-le", "surrogatepass"), "<u4"
        )
        broken = int(((points >= 0xDC80) & (points <= 0xDCFF)).sum())
        num_broken += broken
        num_foreign += int((points >= 0x80).sum()) - broken
        for line in piece.splitlines(keepends=True) if broken else ():
            if size < _SAMPLE_BYTES and not line.isascii():
                lines.append(line[:_SAMPLE_BYTES])
                size += len(lines[-1])
    return b"".join(lines) if num_broken > num_foreign else None


def _pieces(data: Data) -> list[bytes]:
    """Return the file, or the whole lines of evenly spaced pieces of a large one."""
    if len(data) <= _WINDOWS * _PIECE_BYTES:
        return [data[:]]
    step = (len(data) - _PIECE_BYTES) // (_WINDOWS - 1)
    pieces = [data[at * step : at * step + _PIECE_BYTES] for at in range(_WINDOWS)]
    return [piece[piece.find(b"\n") + 1 : piece.rfind(b"\n") + 1] for piece in pieces]


def _best_match(sample: bytes) -> str | None:
    """Return the likeliest codec."""
    from charset_normalizer import from_bytes

    matches = from_bytes(
        sample, cp_isolation=[*_LATIN, *_OTHERS], preemptive_behaviour=False, enable_fallback=False
    )
    best = matches.best()
    # Many accents in few words count against an encoding, so those of Latin letters are tried in any case.
    likely = [_latin(sample)]
    if best is not None and not {*best.could_be_from_charset} & {*_LATIN}:
        likely.insert(0, best.encoding)
    return next((codecs.lookup(codec).name for codec in likely if _has_words(sample, codec)), None)


def _latin(sample: bytes) -> str:
    """Return the codec of Latin letters in which most letters are such as its languages have."""

    def score(codec: str) -> int:
        try:
            letters = Counter(sample.decode(codec).lower())
        except UnicodeDecodeError:
            return -1
        return sum(letters[letter] for letter in _LATIN[codec])

    return max(_LATIN, key=score)


def _has_words(sample: bytes, codec: str) -> bool:
    """Return whether letters beyond ASCII stand in words, and no signs do: broken bytes stand anywhere."""
    try:
        text = sample.decode(codec)
    except UnicodeDecodeError:
        return False
    letters = len(_FOREIGN_LETTER.findall(text))
    lone = len(_LONE_FOREIGN_LETTER.findall(text))
    rare = len(_SIGN_IN_WORD.findall(text)) + len(_RARE_SIGN.findall(text))
    return lone * 2 <= letters and rare * _RARE <= letters

"""How the text of a file is written: UTF-8, UTF-16, or as Western Windows programs save it. Pure.

Excel saves CSV as Windows-1252 unless it is asked for UTF-8, and "Unicode text" as UTF-16.
"""

from __future__ import annotations

import codecs
import re

UTF_8, UTF_16, WINDOWS = "utf-8-sig", "utf-16", "cp1252"
NAMES = {UTF_16: "UTF-16", WINDOWS: "Windows-1252"}
LATIN = (*range(0xC0, 0xD7), *range(0xD8, 0xF7), *range(0xF8, 0xFF))  # without signs and ÿ
LETTERS = "ŠšŽžŒœŸ" + "".join(map(chr, LATIN))
# Signs of money and measures; dashes, quotation marks and the like; a blank that breaks no line
SIGNS = "€£¥§°©®™±²³µ·ºª¼½¾«»¡¿“”„…•" + "\u2013\u2014\u2018\u2019\u00a0"
# Words and codes of one letter: French à, Spanish ó, Italian è, Swedish ö, columns Ü and ß
WORDS = "àÀáÁäÄåÅâÂãÃæÆçÇéÉèÈêÊëËíÍìÌîÎïÏñÑóÓòÒôÔöÖõÕøØúÚùÙûÛüÜß"
_LETTERS = re.escape(LETTERS.encode("cp1252"))
_LETTER = b"[" + _LETTERS + b"]"
_WORD = b"[" + re.escape(WORDS.encode("cp1252")) + b"]"
_SIGN = b"[" + re.escape(SIGNS.encode("cp1252")) + b"]"
# At most three letters in a row, with one of ASCII beside them; a sign may stand alone, beside a
# letter too: «Société».
WESTERN = re.compile(
    b"(?<=[A-Za-z])" + _LETTER + b"{1,3}(?!" + _LETTER + b")|"
    b"(?<!" + _LETTER + b")" + _LETTER + b"{1,3}(?=[A-Za-z])|"
    b"(?<![A-Za-z" + _LETTERS + b"])" + _WORD + b"(?![A-Za-z" + _LETTERS + b"])|" + _SIGN
)
HIGH = re.compile(b"[\x80-\xff]")
# Without DF, of a West African script: it is ß, and before a quotation mark it looks like UTF-8.
# At the end of a text, a letter may be cut.
OF_UTF_8 = re.compile(
    b"[\xc2-\xde][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|"
    b"[\xc2\xc3]\\Z|\xe2[\x80-\xbf]?\\Z"
)


def encoding_of(content: bytes, is_whole: bool = False) -> str:
    """The codec of a text, or of its beginning, which may end within a letter.

    A text in UTF-8 of which bytes are damaged is UTF-8: Windows-1252 is assumed only where all that
    is no ASCII makes words of it.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return UTF_16
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content, final=is_whole)
    except UnicodeDecodeError:
        return UTF_8 if _is_damaged(content) else WINDOWS
    return UTF_8


def _is_damaged(content: bytes) -> bool:
    """Whether half of what is no ASCII is UTF-8, or some of it makes no words of Windows-1252."""
    of_utf_8 = sum(map(len, OF_UTF_8.findall(content)))
    if 2 * of_utf_8 >= len(HIGH.findall(content)):
        return True
    return bool(HIGH.search(WESTERN.sub(b"", content)))


def note_on(encoding: str) -> tuple[str, ...]:
    """A sentence for the load where a file is not UTF-8."""
    name = NAMES.get(encoding)
    return (f"is not UTF-8 and is read as {name}",) if name else ()

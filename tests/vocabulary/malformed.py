"""Messages that no client should send, each with the code it is refused with and what the refusal speaks of."""

from __future__ import annotations

from typing import NamedTuple

from devmesh.errors import Code
from devmesh.vocabulary.codec import MAX_MESSAGE

OID = "a" * 40


class Bad(NamedTuple):
    """`names` is in the field or in the text of the refusal: whoever wrote the message can find the place."""

    said: bytes | str
    names: str
    code: Code = Code.BAD_REQUEST


def asking(request: str) -> bytes:
    """A message that is well formed but for its request."""
    return f'{{"id":1,"request":{request}}}'.encode()


def locking(wait: str) -> bytes:
    """A lock asked for, with this as the time to wait."""
    return asking(f'{{"kind":"request_lock","targets":["a"],"mode":"read","wait":{wait}}}')


def saying(reason: bytes) -> bytes:
    """A goodbye with these bytes inside the quotes."""
    return b'{"id":1,"request":{"kind":"leave","reason":"' + reason + b'"}}'


def nested(opening: str, closing: str, depth: int) -> str:
    """So many of one inside the other."""
    return opening * depth + closing * depth


MALFORMED: dict[str, Bad] = {
    # ---- no JSON, or not in UTF-8
    "nothing": Bad(b"", "truncated"),
    "half a message": Bad(b'{"id":1,"request":{"kind":"wat', "truncated"),
    "two messages": Bad(b'{"id":1,"request":{"kind":"watch"}}{}', "trailing"),
    "words after the message": Bad(b'{"id":1,"request":{"kind":"watch"}} and', "trailing"),
    "single quotes": Bad(b"{'id':1}", "JSON"),
    "a comma too many": Bad(b'{"id":1,}', "JSON"),
    "a comment": Bad(b'{"id":1 /* one */}', "JSON"),
    "UTF-16": Bad('{"id":1,"request":{"kind":"watch"}}'.encode("utf-16"), "JSON"),
    "UTF-32": Bad('{"id":1,"request":{"kind":"watch"}}'.encode("utf-32"), "JSON"),
    "a byte order mark": Bad(b'\xef\xbb\xbf{"id":1,"request":{"kind":"watch"}}', "JSON"),
    "Latin-1": Bad(saying(b"caf\xe9"), "UTF-8"),
    "an overlong encoding": Bad(saying(b"\xc0\x80"), "UTF-8"),
    "a surrogate in UTF-8": Bad(saying(b"\xed\xa0\x80"), "UTF-8"),
    "half an escaped pair": Bad(saying(b"\\ud800"), "JSON"),
    "a pair the wrong way round": Bad(saying(b"\\udc00\\ud800"), "surrogate"),
    "a lone surrogate in a str": Bad(saying(b"?").decode().replace("?", "\ud800"), "surrogate"),
    "a bare newline in a string": Bad(saying(b"a\nb"), "JSON"),
    "a bare NUL in a string": Bad(saying(b"\x00"), "JSON"),
    "an unknown escape": Bad(saying(b"\\x41"), "escape"),
    # ---- numbers that are none, or too large for one
    "not a number": Bad(locking("NaN"), "JSON"),
    "infinity": Bad(locking("Infinity"), "JSON"),
    "minus infinity": Bad(locking("-Infinity"), "JSON"),
    "a float beyond floats": Bad(locking("1e999"), "request.wait"),
    "less than no time": Bad(locking("-0.5"), "request.wait"),
    "more than a year": Bad(locking("31536001"), "request.wait"),
    "hexadecimal": Bad(locking("0x10"), "JSON"),
    "leading zeros": Bad(locking("007"), "JSON"),
    "an id of zero": Bad(b'{"id":0,"request":{"kind":"watch"}}', "id"),
    "an id beyond what readers keep exact": Bad(b'{"id":9007199254740992,"request":{"kind":"watch"}}', "id"),
    "an id of thirty digits": Bad(b'{"id":' + b"9" * 30 + b',"request":{"kind":"watch"}}', "id"),
    "an id of thirty thousand digits": Bad(b'{"id":' + b"9" * 30_000 + b',"request":{"kind":"watch"}}', "id"),
    "a priority of six": Bad(asking('{"kind":"post_task","prompt":"x","priority":6}'), "request.priority"),
    # ---- the wrong type: nothing is guessed
    "true for one": Bad(b'{"id":true,"request":{"kind":"watch"}}', "id"),
    "a float for a number": Bad(b'{"id":1.0,"request":{"kind":"watch"}}', "id"),
    "a string for a number": Bad(b'{"id":"1","request":{"kind":"watch"}}', "id"),
    "a number for a string": Bad(asking('{"kind":"leave","reason":1}'), "request.reason"),
    "one for true": Bad(asking('{"kind":"post_task","prompt":"x","review":1}'), "request.review"),
    "a string for a list": Bad(asking('{"kind":"request_lock","targets":"a","mode":"read"}'), "request.targets"),
    "a number in a list of names": Bad(
        asking('{"kind":"request_lock","targets":["a",3],"mode":"read"}'), "request.targets[1]"
    ),
    "a string for memory": Bad(
        asking('{"kind":"post_task","prompt":"x","needs":{"ram_gb":"1"}}'), "request.needs.ram_gb"
    ),
    "null for what must be there": Bad(asking('{"kind":"post_task","prompt":null}'), "request.prompt"),
    "null": Bad(b"null", "object"),
    "a list": Bad(b"[]", "object"),
    "a list for a request": Bad(asking("[]"), "request"),
    # ---- unknown or missing names
    "no id": Bad(b'{"request":{"kind":"watch"}}', "id"),
    "no request": Bad(b'{"id":1}', "request"),
    "no prompt": Bad(asking('{"kind":"post_task"}'), "prompt"),
    "no kind": Bad(asking("{}"), "kind"),
    "a kind of null": Bad(asking('{"kind":null}'), "request.kind"),
    "an unknown kind": Bad(asking('{"kind":"sudo"}'), "request.kind"),
    "a fact for a request": Bad(asking('{"kind":"task_completed","task":1,"attempt":1,"agent":"a"}'), "request.kind"),
    "a mode in capitals": Bad(asking('{"kind":"request_lock","targets":["a"],"mode":"READ"}'), "request.mode"),
    "an unknown field": Bad(asking('{"kind":"watch","role":"operator"}'), "role"),
    "an unknown field beside the request": Bad(b'{"id":1,"request":{"kind":"watch"},"session":3}', "session"),
    "a kind said twice": Bad(asking('{"kind":"watch","kind":"leave"}'), "request.kind"),
    # ---- too long, too short, too deep
    "a message too large": Bad(b" " * (MAX_MESSAGE + 1), str(MAX_MESSAGE), Code.TOO_LARGE),
    "a text too long": Bad(asking(f'{{"kind":"leave","reason":"{"x" * 501}"}}'), "request.reason"),
    "no target": Bad(asking('{"kind":"request_lock","targets":[],"mode":"read"}'), "request.targets"),
    "an empty target": Bad(asking('{"kind":"request_lock","targets":[""],"mode":"read"}'), "request.targets[0]"),
    "a thousand and one tokens": Bad(
        asking(f'{{"kind":"release_lock","tokens":[{",".join(["1"] * 1001)}]}}'), "request.tokens"
    ),
    "a name with a blank": Bad(asking('{"kind":"join","tool":"a b"}'), "request.tool"),
    "a name with markup": Bad(asking('{"kind":"join","tool":"<b>"}'), "request.tool"),
    "no object name": Bad(
        asking(f'{{"kind":"offer_change","task":1,"attempt":1,"base":"HEAD","head":"{OID}"}}'), "request.base"
    ),
    "an object name in capitals": Bad(
        asking(f'{{"kind":"offer_change","task":1,"attempt":1,"base":"{OID.upper()}","head":"{OID}"}}'), "request.base"
    ),
    "lists 3,000 deep": Bad(asking(f'{{"kind":"leave","reason":{nested("[", "]", 3_000)}}}'), "request.reason"),
    "objects 3,000 deep": Bad(asking(nested('{"a":', "}", 3_000).replace(":}", ":1}", 1)), "nested"),
    "lists 200,000 deep and no end": Bad(b"[" * 200_000, "object"),
    "a field unknown and 100,000 deep": Bad(
        f'{{"id":1,"x":{nested("[", "]", 100_000)},"request":{{"kind":"watch"}}}}', "x"
    ),
}

"""Single values with their ranges: numbers, names, texts, times."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

MAX_INTEGER = 2**53 - 1
"The largest integer every JSON reader keeps exact."

Number = Annotated[int, Meta(ge=1, le=MAX_INTEGER)]
"The number of a task, change, discovery or session; a fencing token; a request id."
Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[\w.:@+-]+$(?!\n)")]
"A tool, agent or capability: letters, digits and `_ . : @ + -`."
Tool = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[\w.:@+-]+$(?!\n)")]
"A tool's name; with a number behind it, it is an agent's."
Line = Annotated[str, Meta(max_length=500)]
Text = Annotated[str, Meta(max_length=400_000)]
Remarks = Annotated[str, Meta(max_length=20_000)]
Path = Annotated[str, Meta(min_length=1, max_length=4096)]
"A target as it was written: a file, a directory ending in `/`, or a glob."
ObjectId = Annotated[str, Meta(pattern=r"^[0-9a-f]{40}$(?!\n)")]
"The name of an object in the mesh's private repository (SHA-1, lower case)."
Seconds = Annotated[float, Meta(ge=0, le=31_536_000)]
Share = Annotated[float, Meta(ge=0, le=1)]
Gigabytes = Annotated[float, Meta(ge=0, le=1_048_576)]
Priority = Annotated[int, Meta(ge=1, le=5)]
"1 is the most urgent."
Tokens = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
"Tokens of a language model, as its tool counts them."
Dollars = Annotated[float, Meta(ge=0, le=1_000_000)]
"US dollars, as the tool says; a tool that names no price costs nothing here."
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
"SHA-256, in lower-case hexadecimal."

"""What an agent might write to be more than text: markup, script, terminal control, direction, formulas."""

from __future__ import annotations

from typing import Final

PAYLOADS: Final = (
    "<script>window.fired = 1</script>",
    '<img src="x" onerror="window.fired = 1">',
    '"><svg onload="window.fired = 1"></svg>',
    "' onmouseover='window.fired = 1' x='",
    "<iframe srcdoc='<script>parent.fired = 1</script>'></iframe>",
    '<a href="javascript:window.fired=1">press</a>',
    "<style>* { display: none !important }</style>",
    '<link rel="stylesheet" href="http://elsewhere.test/x.css">',
    "${window.fired = 1}",
    "{{constructor.constructor('window.fired=1')()}}",
    "\x1b]8;;http://elsewhere.test\x07press\x1b]8;;\x07 \x1b[31mred\x1b[2J",
    "user\u202egpj.exe\u2066\u200b",
    "$\\href{javascript:window.fired=1}{x}$ \\(\\unicode{x41}\\) $$\\require{html}$$",
    '=HYPERLINK("http://elsewhere.test","press")',
    "=cmd|' /C calc'!A0",
    "![x](http://elsewhere.test/x.png) [y](javascript:fired)",
    "&lt;b&gt; &amp; &#x3c;script&#x3e;",
    "</td></tr></table><h1>out",
    "__proto__",
    "constructor",
    "x" * 5_000,
    "line one\nline two\r\tthree\x00four",
)

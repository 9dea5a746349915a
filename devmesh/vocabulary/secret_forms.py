"""The forms that secrets have: tokens of known makers, and what is named like one. Patterns only; nothing is replaced.

Every pattern runs in time linear in the text: what may repeat is bounded, possessive, or begins at a rare word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

TOKENS: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"sk-[A-Za-z0-9_-]{16,}+"  # OpenAI, Anthropic (sk-ant-), OpenRouter (sk-or-)
    r"|gh[pousr]_[A-Za-z0-9]{20,}+|github_pat_[A-Za-z0-9_]{20,}+|gl(?:pat|ptt|dt|rt|cbt|oas)-[A-Za-z0-9_-]{16,}+"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"
    r"|AIza[A-Za-z0-9_-]{30,}+|ya29\.[A-Za-z0-9_.-]{16,}+"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,}+|xapp-[A-Za-z0-9-]{10,}+"
    r"|hooks\.slack\.com/services/[A-Za-z0-9/_-]{16,}+|discord(?:app)?\.com/api/webhooks/[A-Za-z0-9/_-]{16,}+"
    r"|hf_[A-Za-z0-9]{20,}+|npm_[A-Za-z0-9]{30,}+|pypi-[A-Za-z0-9_-]{30,}+|dckr_pat_[A-Za-z0-9_-]{16,}+"
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{10,}+|whsec_[A-Za-z0-9+/=]{16,}+|shp(?:at|ca|pa|ss)_[A-Za-z0-9]{16,}+"
    r"|SG\.[A-Za-z0-9_-]{10,}+\.[A-Za-z0-9_-]{10,}+|do[opr]_v1_[A-Za-z0-9]{20,}+"
    r"|gsk_[A-Za-z0-9]{20,}+|xai-[A-Za-z0-9_-]{20,}+|r8_[A-Za-z0-9]{20,}+|nvapi-[A-Za-z0-9_-]{20,}+|pplx-[A-Za-z0-9]{20,}+"
    r"|eyJ[A-Za-z0-9_-]{10,}+\.[A-Za-z0-9_-]{10,}+(?:\.[A-Za-z0-9_-]*+)?"  # a JWT
    r")"
)
BEGINNINGS: Final = (
    *("sk-", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "AKIA", "ASIA", "AIza", "ya29.", "eyJ"),
    *("glpat-", "glptt-", "gldt-", "glrt-", "glcbt-", "gloas-", "hf_", "npm_", "pypi-", "dckr_pat_", "SG."),
    *("xoxa-", "xoxb-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xapp-", "hooks.slack.com/services/"),
    *("discord.com/api/webhooks/", "discordapp.com/api/webhooks/", "sk_live_", "sk_test_", "rk_live_", "rk_test_"),
    *("whsec_", "shpat_", "shpca_", "shppa_", "shpss_", "doo_v1_", "dop_v1_", "dor_v1_", "gsk_", "xai-", "r8_"),
    *("nvapi-", "pplx-"),
)
"What the tokens above begin with, for a line that ends there."
NAMES: Final = (
    *("token", "secret", "password", "passphrase", "passwd", "pwd", "pass", "credential", "key", "bearer", "basic"),
    *(f"{of}{by}key" for of in ("api", "access", "private", "secret") for by in "_-"),
    *("authorization", "digest", "machine", "login"),
)
"Words that a secret's name ends with, or that stand before one."

_KEYS = r"(?:api|access|private|secret)[_-]?key(?:[_-]?base)?"
_NAME = rf"(?:token|secret|password|passphrase|passwd|pwd|{_KEYS}|[a-z0-9]_pass|(?-i:[a-z]Pass)|credentials?)"
"The end of a name: what stands before it, with a sign between or none, does not matter."
_AFTER_NAME = r"[0-9]{0,2}\\?[\"']?\]?\s{0,4}"
_IS = r"(?:=>|:=|[=:])\s{0,4}"
_TYPED = r"(?::\s?[a-z][a-z0-9_.|\[\] ]{0,40}?\s?=(?!=)\s{0,4})"
"A type may stand between: `password: str = ...`."
_OPTION = r"(?:[a-z0-9]{1,32}-){0,3}(?:token|secret|password|passphrase|passwd|api-key)"
"Of a command line: its value may come after a blank."
_ENDS = r"(?=[\s\"'\\,;:&|?)}\]>]|\Z)"
_DONE = rf"(?!\\?[\"']?\[redacted\]{_ENDS})"
_NO_VALUE = (
    r"(?!"
    r"[a-z_][a-z0-9_.]{0,80}[(\[]"  # a call, an index, a generic type
    r"|(?:self|cls|this|os|sys|process|settings|config|args|options|env|request|response|context)[.?]"
    rf"|(?:string|bytes|float|bool|boolean|number|object|none|null|undefined|true|false|optional|required){_ENDS}"
    rf"|(?:await|async|lambda|yield|function|secretstr){_ENDS}|\\?[\"']?(?:include|omit|same-origin){_ENDS}"
    r"|(?:[a-z_]{1,64}\.){0,4}[a-z_]{0,64}?"  # a variable that is named like one
    rf"(?:token|secret|password|passwd|pwd|key|credential)s?{_ENDS}"
    r"|\\?[\"']?(?:(?-i:\$[A-Z_][A-Z0-9_]{0,60})|\$\{[^}\s]{1,60}\}|\$\([^)\n]{1,80}\)"  # to be filled in
    r"|\{{1,2}[ ]?[a-z_.]{1,60}[ ]?\}{1,2}"
    rf"|<[a-z _.-]{{1,40}}>|%[(s]|\*{{3,}}|\.{{3}}){_ENDS}"
    r")"
)
"Code, and what stands for a value: a variable, a call, a type, a placeholder."
ASSIGNED: Final = re.compile(
    rf"(?i)((?<!old)(?:(?:pwd(?!=[/~])|(?!pwd){_NAME})){_AFTER_NAME}(?:{_TYPED}|{_IS})|(?<=--){_OPTION}[ ])"
    rf"{_DONE}{_NO_VALUE}"
    r"(?:(\\?\")(?:[^\"\\\n]|\\[^\"\n]){4,}+|(\\?')(?:[^'\\\n]|\\[^'\n]){4,}+"
    r"|(?:\[redacted\]|[^\s\"'\\,;&)}\]]){4,}+)"
)
"Groups 1 to 3: the name with what follows it, and the quote that opens the value."
KEYED: Final = re.compile(
    r"(?i)((?:[a-z0-9](?<!cache)(?<!public)(?<!sort)(?<!group)(?<!partition)(?<!hash)(?<!object)[_-]?"
    r"|(?<![a-z0-9])[_-])key"
    rf"{_AFTER_NAME}(?:{_TYPED}|{_IS})\\?[\"']?|(?<![a-z0-9_-])key=)"
    r"(?:(?=[a-z0-9+/_~-]{16})(?=[^\s\"']{0,200}?(?-i:[A-Z]))(?=[^\s\"']{0,200}?(?-i:[a-z]))(?=[^\s\"']{0,200}?[0-9])"
    r"[a-z0-9+/_~-]{16,}+={0,2}(?!\.[a-z])"
    r"|[0-9a-f]{32,}+(?![a-z0-9.]))"
)
"Whatever key it is: one whose value is long and mixed."
HEADER: Final = re.compile(
    r"(?i)(\bauthorization\\?[\"']?\s{0,4}[=:]\s{0,4}\\?[\"']?)"
    r"(?:(digest\s{1,4})(?!\[redacted\])[^\n]{4,}+|((?:bearer|basic|token|negotiate|apikey|key)\s{1,4})"
    r"(?!\[redacted\])(?!\$|\{|<)[^\s\"'\\,;]{4,}+|(?!\[redacted\])(?=[^\s\"']{0,200}?[0-9])[^\s\"'\\,;({$<]{8,}+)"
)
BEARER: Final = re.compile(
    r"(?i)\b(bearer\s{1,8}|basic\s{1,8}(?=[a-z0-9+/]{0,200}?(?:[0-9=]|(?-i:[a-z][A-Z]))))[A-Za-z0-9._~+/=-]{8,}+"
)
USERINFO: Final = re.compile(r"(://)[^\s/@:\"'<>]{0,256}+:[^\s/@\"'<>]{1,256}+(@)")
ELEMENT: Final = re.compile(
    rf"(?i)((?<![a-z0-9_])<[a-z0-9_:.-]{{0,64}}?{_NAME}[0-9]{{0,2}}(?:\s[^<>\n]{{0,200}})?>)"
    r"(?!\[redacted\])[^\s<>(){}\[\].,;:@/|&'\"][^<>\n]{0,1000}+"
)
"An element of XML with what it holds."
BLOCK: Final = re.compile(
    rf"(?i)({_NAME}\\?[\"']?\s{{0,4}}:[ ]{{0,4}}[|>][0-9+-]{{0,2}}[ ]{{0,4}}\n[ \t]{{1,64}})(?!\[redacted\])"
    r"[^\s][^\n]*+(?:\n[ \t]{1,64}[^\s][^\n]*+){0,64}+"
)
"A value of YAML in lines of its own."
NETRC: Final = re.compile(
    r"(?i)(\b(?:login|machine)\s{1,16}[^\s]{1,256}\s{1,16}(?:account\s{1,16}[^\s]{1,256}\s{1,16})?password\s{1,16})"
    r"(?!\[redacted\])[^\s]{1,256}+"
)
UNSAID: Final = re.compile(
    rf"(?i)(?:{_NAME}{_AFTER_NAME}(?:{_IS}\S{{0,3}}\s{{0,4}})?|[a-z0-9][_-]?key\\?[\"']?\s{{0,4}}{_IS}"
    rf"|(?:bearer|basic)\s{{1,8}}(?:\S{{1,7}}\s)?|authorization\\?[\"']?\s{{0,4}}[=:]\s{{0,4}}(?:[a-z]{{1,12}}\s{{1,4}})?(?:\S{{1,7}}\s)?"
    rf"|{_NAME}\\?[\"']?\s{{0,4}}:[ ]{{0,4}}[|>][0-9+-]{{0,2}}[ ]{{0,4}}\n(?:[ \t]{{1,64}}[^\n]{{0,400}}\n){{0,8}}"
    r"|\b(?:machine|login)\s{1,16}(?:[^\s]{1,256}\s{1,16}(?:password\s{0,16})?)?)\Z"
)
"What a text ends with whose next line may begin with a secret."
BEGUN: Final = re.compile(
    r"(?i)(?:\b(?:machine|login)\s{1,16}[^\s]{1,256}(?:\s{1,16}[^\s]{0,256}){0,4}"
    rf"|[a-z0-9][_-]?key{_AFTER_NAME}{_IS}\\?[\"']?[a-z0-9+/_=~-]{{0,256}}"
    rf"|<[a-z0-9_:.-]{{0,64}}|<[a-z0-9_:.-]{{0,64}}?{_NAME}[0-9]{{0,2}}(?:\s[^<>\n]{{0,200}})?>?"
    r"|(?:hooks\.slack|discord|discordapp)\.com[a-z0-9/_-]{0,256})\Z"
)
"What a line ends with that may go on to a secret, or in one that is not known for it yet."

_NAMED: Final = re.compile(r"token|secret|pass|pwd|api|access|private|credential|--")
STARTS: Final = {
    ASSIGNED: _NAMED,
    BLOCK: _NAMED,
    KEYED: re.compile(r"key"),
    HEADER: re.compile(r"authorization"),
    BEARER: re.compile(r"bearer|basic"),
    ELEMENT: re.compile(r"<"),
    NETRC: re.compile(r"login|machine"),
}
"Small letters at which each of these begins, or near them: to look for them first takes a tenth of the time."
_NEAR: Final = {"pass": (-2, -1, 0), "key": (-2, -1, 0), "--": (2,)}
_THERE: Final = (0,)
"How far from them; for all others."


def found(form: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Where that form stands, in order, none within another: what `finditer` finds."""
    lowered = text.lower()
    if form not in STARTS or len(lowered) != len(text):
        yield from form.finditer(text)
        return
    end, words = 0, STARTS[form].finditer(lowered)
    for place in sorted({word.start() + by for word in words for by in _NEAR.get(word[0], _THERE)}):
        if place >= end and (match := form.match(text, place)):
            end = match.end()
            yield match

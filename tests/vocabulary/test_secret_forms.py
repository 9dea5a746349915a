"""Names and tokens of every form are known; ordinary lines of code and prose stay as they are; neither takes long."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, strategies as st

from devmesh.vocabulary import secret_forms
from devmesh.vocabulary.plain import REDACTED, redact

BODY = "A1b2C3d4E5f6G7h8J9k0"
HEX = "0123456789abcdef" * 4

#: Put together here, so that no scanner takes this file for a find.
TOKENS = {
    "Stripe": f"sk_live_{BODY}",
    "Stripe, of a test": f"sk_test_{BODY}",
    "Stripe, restricted": f"rk_live_{BODY}",
    "Stripe, of a hook": f"whsec_{BODY}",
    "SendGrid": f"SG.{BODY}.{BODY}{BODY}",
    "DigitalOcean": f"dop_v1_{HEX}",
    "Groq": f"gsk_{BODY}{BODY}",
    "xAI": f"xai-{BODY}{BODY}",
    "Replicate": f"r8_{BODY}{BODY[:17]}",
    "Google, of OAuth": f"ya29.{BODY}-{BODY}_x",
    "Slack, of a hook": f"hooks.slack.com/services/T00000000/B00000000/{BODY}",
    "Slack, of an app": f"xapp-1-A0-{BODY}",
    "npm": f"npm_{BODY}{BODY}",
    "PyPI": f"pypi-{BODY}{BODY}",
    "Hugging Face": f"hf_{BODY}{BODY}",
    "GitLab": f"glpat-{BODY}",
    "GitLab, of a runner": f"glrt-{BODY}",
    "Google": f"AIza{BODY}{BODY}",
    "a JWT": f"eyJhbGciOi{BODY}.eyJzdWIi{BODY}.{BODY}",
    "NVIDIA": f"nvapi-{BODY}{BODY}",
    "Shopify": f"shpat_{HEX[:32]}",
    "Docker": f"dckr_pat_{BODY}",
}

NAMED = {
    '{"accessToken":"abcd1234"}': '{"accessToken":"[redacted]"}',
    "'refreshToken': 'abcd1234',": "'refreshToken': '[redacted]',",
    "clientSecret=abcd1234": "clientSecret=[redacted]",
    "dbPassword: hunter22": "dbPassword: [redacted]",
    "dbPass = hunter22": "dbPass = [redacted]",
    "PGPASSWORD=hunter22 psql": "PGPASSWORD=[redacted] psql",
    "GITHUBTOKEN=abcd1234": "GITHUBTOKEN=[redacted]",
    "SECRET_KEY=abcd": "SECRET_KEY=[redacted]",
    "DJANGO_SECRET_KEY='a b c d'": "DJANGO_SECRET_KEY='[redacted]'",
    f"SECRET_KEY_BASE={HEX}": "SECRET_KEY_BASE=[redacted]",
    f"ENCRYPTION_KEY={HEX}": "ENCRYPTION_KEY=[redacted]",
    f"OPENAI_KEY={BODY}": "OPENAI_KEY=[redacted]",
    f'"signingKey": "{BODY}"': '"signingKey": "[redacted]"',
    f"AccountName=x;AccountKey={BODY}+/{BODY}==;Suffix=y": "AccountName=x;AccountKey=[redacted];Suffix=y",
    "FOO_CREDENTIALS=me:hunter22": "FOO_CREDENTIALS=[redacted]",
    "MYSQL_PWD=hunter22": "MYSQL_PWD=[redacted]",
    "password1=hunter22": "password1=[redacted]",
    'password: str = "hunter22"': 'password: str = "[redacted]"',
    'const apiKey: string = "abcd1234";': 'const apiKey: string = "[redacted]";',
    'config["password"] = "hunter22"': 'config["password"] = "[redacted]"',
    "'password' => 'hunter22'": "'password' => '[redacted]'",
    'token := "abcd1234"': 'token := "[redacted]"',
    "//registry.npmjs.org/:_authToken=abcd1234": "//registry.npmjs.org/:_authToken=[redacted]",
    "Authorization: token abcd1234": "Authorization: token [redacted]",
    "Authorization: Basic dXNlcjpwYXNz": "Authorization: Basic [redacted]",
    'Authorization: Digest username="me", response="abcd1234"': "Authorization: Digest [redacted]",
    '-H "Authorization: abcd1234efgh" x': '-H "Authorization: [redacted]" x',
    '{"Authorization": "Bearer abcd1234"}': '{"Authorization": "Bearer [redacted]"}',
    "Proxy-Authorization: Basic dXNlcjpwYXNz": "Proxy-Authorization: Basic [redacted]",
    "<password>x</password>": "<password>[redacted]</password>",
    '<s:clientSecret type="t">two words</s:clientSecret>': '<s:clientSecret type="t">[redacted]</s:clientSecret>',
    "secret: |\n  first\n  second\nother: 1": "secret: |\n  [redacted]\nother: 1",
    "db_password: >-\n    hunter22\n": "db_password: >-\n    [redacted]\n",
    "machine x.org login me password z": "machine x.org login me password [redacted]",
    "machine x\n  login me\n  password z\n": "machine x\n  login me\n  password [redacted]\n",
    "machine x password z login me": "machine x password [redacted] login me",
}

HARMLESS = (
    "key = sorted(keys)",
    "key = lambda one: one.name",
    "token = lexer.next()",
    "next_token = self.tokens[0]",
    "token = tokens[index]",
    "token = self._token",
    "token = request.token",
    "token=token, password=password",
    "headers = make(token=access_token)",
    "connect(host, password=db_password)",
    "password: str",
    "password: str | None = None",
    "password: string;",
    "password: Optional[str] = None",
    "secret: bytes",
    "token: Token",
    "secret: SecretStr",
    "token = None",
    "token: null,",
    "password: undefined",
    "is_secret = False",
    "secret = True",
    "password = getpass.getpass()",
    "password = await ask(person)",
    'password = os.environ["PGPASSWORD"]',
    "token = process.env.GITHUB_TOKEN",
    "password: ${DB_PASSWORD}",
    "PASSWORD=$DB_PASSWORD",
    "TOKEN=$(cat token.txt)",
    "token: ${{ secrets.GITHUB_TOKEN }}",
    'password="{password}"',
    "password=<your password>",
    "password: ***",
    "password=%s",
    "credentials: include",
    'fetch(url, {credentials: "omit"})',
    "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)",
    "FOREIGN KEY (task) REFERENCES tasks (id)",
    "monkey=banana",
    "keyboard=qwerty-extended-layout",
    "PWD=/home/x",
    "OLDPWD=/home/x",
    "tokens=52,788",
    "max_tokens: 4096",
    "input_tokens=1200 output_tokens=340",
    "passed=12",
    "passed: 12, failed: 0",
    "bypass=everything",
    "compass: north-by-northwest",
    "git commit abcdef0123456789abcdef0123456789abcdef01",
    f"sha256:{HEX}  dist/devmesh.whl",
    f"sha256 = {HEX}",
    f"cache_key={HEX}",
    "id: 550e8400-e29b-41d4-a716-446655440000",
    "request_key=550e8400-e29b-41d4-a716-446655440000",
    "sort_key: created_at_then_by_name",
    "primary_key = models.AutoField()",
    "s3_key = uploads/2024/Img0001Abc.jpg",
    "public_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0000000000000000000000000000000000000000000",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
    "List<Token> tokens = new ArrayList<Token>();",
    "Map<String, Secret> secrets = read(file);",
    "usage: login --token <token> --password <password>",
    "<key>Label</key>",
    "<input type=password>",
    "def tokenise(text): ...",
    "class TokenStream(Iterator[Token]):",
    "if token == other.token:",
    "assert password != previous",
    "for token in tokens:",
    "the token counts, and so does the password",
    "a basic understanding of it",
    "Basic Programming in ten days",
    "the machine learning model was trained",
    "log in with your login name",
    "secretary: Ada",
    "no secrets were found in 12 files",
    "risk-assessment-of-the-whole-project",
    "task-force-members-and-their-names",
    "https://example.org/services/list?page=2",
    "hooks.slack.com is where they go",
    "ya29 is not a token",
    'authorization: required for "write"',
    "Authorization: Bearer $TOKEN",
    'headers["Authorization"] = f"Bearer {token}"',
    "block: |\n  a text\n  of two lines",
)


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_a_token_of_a_known_maker_is_removed(token: str) -> None:
    """Alone, in a sentence, in quotes, and behind a sign."""
    for around in ("{}", "it is {} there", 'say("{}")', "x={}", "https://{}"):
        assert redact(around.format(token)) == around.format(REDACTED)


@pytest.mark.parametrize(("said", "kept"), NAMED.items())
def test_what_is_named_like_a_secret_is_removed(said: str, kept: str) -> None:
    """The name stays, and what is around it; doing it twice changes nothing more."""
    assert redact(said) == kept
    assert redact(kept) == kept


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_lines_stay_as_they_are(text: str) -> None:
    """Code that handles secrets has none in it."""
    assert redact(text) == text


def test_there_are_many_ordinary_lines() -> None:
    """The table is not to be thinned out where a pattern grows."""
    assert len(HARMLESS) >= 80


@given(
    st.lists(st.sampled_from([*NAMED, *HARMLESS, *TOKENS.values(), "--", "a_", "İ", "Pass=", " ", "\n", "=abcd1234"]))
)
def test_looking_near_words_finds_what_looking_everywhere_does(parts: list[str]) -> None:
    """It is only quicker."""
    text = "".join(parts)
    for form in secret_forms.STARTS:
        assert [one.span() for one in secret_forms.found(form, text)] == [one.span() for one in form.finditer(text)]


MEGABYTE = 1_000_000
HOSTILE = {
    "names in a row": "token" * (MEGABYTE // 5),
    "names and blanks": "token " * (MEGABYTE // 6),
    "names and signs": "token=" * (MEGABYTE // 6),
    "names and quotes": 'password="' * (MEGABYTE // 10),
    "names and types": "token:a.a.a.a.a " * (MEGABYTE // 16),
    "names, and a type that never ends": "token:" + "a" * MEGABYTE,
    "names and calls": "token=a." + "a." * (MEGABYTE // 2),
    "names and variables": ("token=" + "a_" * 80 + " ") * (MEGABYTE // 167),
    "names and dots": ("token=" + "a." * 80 + " ") * (MEGABYTE // 167),
    "names and placeholders": "token=${" * (MEGABYTE // 8),
    "keys": "a_key=" * (MEGABYTE // 6),
    "keys with long values": ("a_key=" + "a" * 200) * (MEGABYTE // 206),
    "keys with a value that never ends": "a_key=" + "Aa" * (MEGABYTE // 2),
    "elements": "<token>" * (MEGABYTE // 7),
    "elements that do not close": "<" * MEGABYTE,
    "elements with attributes": "<token a" * (MEGABYTE // 8),
    "blocks": "token: |\n " * (MEGABYTE // 10),
    "a block": "token: |\n" + " a\n" * (MEGABYTE // 3),
    "machines": "machine " * (MEGABYTE // 8),
    "logins": "login a " * (MEGABYTE // 8),
    "headers": "authorization:" * (MEGABYTE // 14),
    "headers of digests": "authorization: digest " * (MEGABYTE // 22),
    "bearers": "bearer " * (MEGABYTE // 7),
    "basics": "basic aaaa" * (MEGABYTE // 10),
    "basics with long words": ("basic " + "a" * 190 + " ") * (MEGABYTE // 197),
    "hooks": "hooks.slack.com/services/" * (MEGABYTE // 25),
    "almost SendGrid": "SG." * (MEGABYTE // 3),
    "one word": "a" * MEGABYTE,
    "words and underscores": "a_" * (MEGABYTE // 2),
    "capitals": "aA" * (MEGABYTE // 2),
    "blanks": " " * MEGABYTE,
    "lines": "\n" * MEGABYTE,
    "brackets": "[{(<" * (MEGABYTE // 4),
    "redacted": "token=[redacted]" * (MEGABYTE // 16),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_form_costs_more_than_linear_time(text: str) -> None:
    """A megabyte of the worst takes a second of processor time; a pattern that goes back and forth would take hours."""
    started = time.process_time()
    redact(text)
    assert time.process_time() - started < 4

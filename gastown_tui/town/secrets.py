"""What looks like a secret: by its own shape, by its place, or by the name before it. Pure.

The shapes are those that providers give their keys, so that they can be found. Hashes, ids of beads and sessions, paths and
plain words must stay readable: what has no shape is taken for a secret only behind a name that says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

SHAPES = {
    "Anthropic, OpenAI and many others": r"sk-(?=[\w-]{0,200}\d)[\w-]{12,}",
    "GitHub": r"gh[pousr]_\w{16,}|github_pat_\w{16,}",
    "GitLab": r"gl(?:pat|dt|rt|cbt|soat)-[\w-]{12,}",
    "Slack": r"xox[a-z]-[\w-]{8,}|xapp-\d-[\w-]{8,}",
    "Telegram": r"\d{8,10}:AA[\w-]{30,}",
    "AWS": r"A(?:KIA|SIA)[A-Z0-9]{12,}",
    "Google": r"AIza[\w-]{20,}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,}",
    "Stripe": r"[rs]k_(?:live|test)_\w{8,}|whsec_\w{16,}",
    "SendGrid": r"SG\.[\w-]{16,64}\.[\w-]{16,}",
    "Hugging Face, npm, PyPI, Docker": r"hf_\w{16,}|npm_\w{16,}|dckr_pat_\w{16,}|pypi-[\w-]{16,}",
    "Groq, Replicate, xAI, Perplexity": r"gsk_\w{20,}|r8_\w{20,}|xai-\w{20,}|pplx-\w{20,}",
    "Vault, age, DigitalOcean, Databricks": r"hv[sb]\.[\w-]{20,}|AGE-SECRET-KEY-1\w{20,}|dop_v1_\w{20,}|dapi[0-9a-f]{32}",
    "Linear, Notion, Shopify": r"(?:lin_api|ntn|secret|shpat|shpss)_(?=\w{0,100}\d)\w{24,}",
    "JSON Web Token": r"eyJ[\w-]{10,400}\.[\w.-]{10,}",
}
"""Whose secrets look how: words, which are hidden whole. No search goes on without bound: a text may be made to hurt."""

PLACES = {
    "a password in an address": r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)",
    "a password in Go's address of a database": r"(?<![\w.%+-])[\w.%+-]*+:\S{1,256}?(?=@(?:tcp6?|unix|cloudsql\w*)\()",
    "the rest of a webhook's address": r"(?<=hooks\.slack\.com/services/)[\w/]{8,}|(?<=discord\.com/api/webhooks/)[\w/-]{16,}",
    "what a scheme announces": r"(?<=[Bb]earer )(?=\S{0,200}\d)[\w.~+/=-]{8,}|(?<=[Bb]asic )(?=\S{0,200}[\d=])[\w+/=]{16,}",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?(?=-----END)|.*)",
}
"""Where secrets stand that look like nothing by themselves."""

# Behind a name in capitals, as in an environment, anything; in other writings what is quoted or has a digit, for there code
# and prose have such names too.
_NAMES = (
    r"\b(?:[A-Z0-9_]*_)?(?:API)?(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|COOKIE|DSN)="
    r"[\"']?(?P<value>[^\s\"'$<{(][^\s\"'\ufffd]{3,})",
    r"\b(?:PGPASSWORD|SSHPASS|[A-Z0-9_]+_(?:PWD|PASS|AUTH|WEBHOOK|WEBHOOK_URL))=[\"']?(?P<value>[^\s\"'$<{(][^\s\"'\ufffd]{3,})",
    r"(?i:api[_-]?key|secret|token|passw(?:or)?d|passphrase|private[_-]?key|access[_-]?key|credentials?)[\"']? ?[:=]>? ?"
    r"(?:[\"'](?P<value>[^\s\"']{8,})[\"']|(?P<bare>(?=[^\s\"']{0,200}\d)[\w+/.~=@!%^&#-]{8,}+(?![(\[])))",
    r"(?i:(?<![\w-])--(?=\w)[\w-]{0,40}(?:key|token|secret|passw(?:or)?d))[ =](?P<value>(?=\S{0,200}\d)[^\s\"'-][^\s\"']{7,})",
    r"(?i:\b(?:cookie|authorization|x-api-key): ?)(?P<value>(?=.{0,400}\d)\S{3,}(?: \S+)*)",
)
# One of these stands in or before every secret, in whatever case: of a hundred rows none has any, and costs no search.
# fmt: off
_SIGNS = (
    "sk-", "k_live", "k_test", "whsec", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_", "glpat-", "gldt-", "glrt-",
    "glcbt-", "glsoat-", "xox", "xapp-", ":aa", "akia", "asia", "aiza", "ya29", "gocspx-", "sg.", "hf_", "npm_", "dckr_",
    "pypi-", "gsk_", "r8_", "xai-", "pplx-", "hvs.", "hvb.", "dop_v1", "dapi", "lin_api", "ntn_", "shpat", "shpss", "eyj",
    "://", "@tcp", "@unix(", "@cloudsql", "/services/", "webhook", "bearer", "basic", "-----begin", "key", "token", "secret",
    "passw", "passphrase", "_pass", "sshpass", "_pwd", "_auth", "credential", "cookie", "dsn", "authorization",
)
# fmt: on

FURTHEST = 512
"""How many characters further than a cut one must look to see what is cut: beyond that no secret shows what it is."""

Span = tuple[int, int]


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], ...]:
    """Compiled when they are first needed: most commands show no text in which there may be any."""
    return re.compile(rf"\b(?:{'|'.join(SHAPES.values())})|" + "|".join(PLACES.values())), *map(re.compile, _NAMES)


def spans(text: str) -> tuple[Span, ...]:
    """Returns where in a line something looks like a secret: (start, end) in characters, in order and apart."""
    apart: list[Span] = []
    for start, end in sorted(_found(text)):
        if apart and start <= apart[-1][1]:
            start, end = apart[-1][0], max(end, apart.pop()[1])
        apart.append((start, end))
    return tuple(apart)


def _found(text: str) -> Iterator[Span]:
    lowered = text.lower()
    if not any(map(lowered.__contains__, _SIGNS)):
        return
    shapes, *names = _patterns()
    for match in shapes.finditer(text):
        yield match.span()
    for name in names:
        for match in name.finditer(text):
            bare = "bare" in name.groupindex and match["bare"] is not None
            yield match.span("bare" if bare else "value")

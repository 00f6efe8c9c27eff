"""What is a secret, what is none, and captured rows in which none can be read."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers import limited

from gastown_tui.town.cells import Cells, parse_rows, plain
from gastown_tui.town.masking import masked
from gastown_tui.town.secrets import spans
from gastown_tui.town.text import MASK, mask

WORD = "0123456789abcdefghijklmnopqrstuvwxyzABCDEF"
# What is told, and what of it must not be.
SECRETS = {
    "Anthropic": ("key sk-ant-api03-AAbbCC0011-ddEEff_22 end", "AAbbCC"),
    "OpenAI": (f"sk-proj-{WORD}", WORD),
    "OpenRouter": (f"using sk-or-v1-{WORD}.", WORD),
    "GitHub": (f"ghp_{WORD}", WORD),
    "GitHub, by an app": (f"https://x-access-token:ghs_{WORD}@github.com/a/b", WORD),
    "GitHub, fine-grained": (f"github_pat_11ABCDE_{WORD}", WORD),
    "GitLab": ("glpat-abcdefghij0123456789", "abcdefghij"),
    "Slack": ("xoxb-123456789012-abcdefABCDEF", "abcdefABCDEF"),
    "Slack's webhook": ("https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXX", "XXXXXXXX"),
    "Discord's webhook": ("https://discord.com/api/webhooks/123456789012345678/abcDEF_ghi", "abcDEF"),
    "Telegram": ("123456789:AAF0123456789abcdefghijklmnopqrstuv", "abcdefghij"),
    "AWS": ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN"),
    "AWS, for a while": ("ASIAIOSFODNN7EXAMPLE", "IOSFODNN"),
    "AWS, by its name": ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI"),
    "Google": ("AIzaSyA0123456789abcdefghijklmnopqrst", "0123456789"),
    "Google, OAuth": ("ya29.a0AfH6SMBx0123456789abcdef", "AfH6SMBx"),
    "Stripe": ("sk_live_0123456789abcdef rk_test_0123456789abcdef whsec_0123456789abcdef", "0123456789"),
    "SendGrid": ("SG.0123456789abcdefghij.ABCDEFGHIJ0123456789", "0123456789"),
    "Hugging Face": ("hf_abcdefghijklmnopqrst", "abcdefghij"),
    "npm": ("//registry.npmjs.org/:_authToken=npm_abcdefghijklmnopqrst", "abcdefghij"),
    "PyPI": ("pypi-AgEIcHlwaS5vcmcCJGFi", "AgEIcHlwaS"),
    "Docker": ("dckr_pat_abcdefghij0123456789", "abcdefghij"),
    "Groq": (f"gsk_{WORD}", WORD),
    "xAI": (f"xai-{WORD}", WORD),
    "Replicate": (f"r8_{WORD}", WORD),
    "Vault": ("hvs.CAESIJabcdefghij0123456789", "CAESIJ"),
    "Linear": ("lin_api_abcdefghij0123456789abcdefghij", "abcdefghij"),
    "Shopify": ("shpat_0123456789abcdef0123456789abcdef", "0123456789"),
    "DigitalOcean": ("dop_v1_0123456789abcdef0123456789abcdef", "0123456789"),
    "Databricks": ("dapi0123456789abcdef0123456789abcdef", "0123456789"),
    "JSON Web Token": ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefghij", "eyJzdWIi"),
    "Bearer": ("curl -H 'Authorization: Bearer abcdefgh12345678'", "abcdefgh"),
    "Basic": ("authorization: Basic dXNlcjpodW50ZXIyMTIz", "dXNlcjpod"),
    "a password in an address": ("git clone https://user:hunter2@example.org/a.git", "hunter2"),
    "without a user": ("redis://:hunter2@example.org:6379", "hunter2"),
    "Go's address of a database": ("cannot open gt:hunter2@tcp(127.0.0.1:3306)/hq?parseTime=true", "hunter2"),
    "of a socket": ('dsn "root:p@ss:w/rd@unix(/tmp/mysql.sock)/hq"', "p@ss:w/rd"),
    "a private key": ("-----BEGIN OPENSSH PRIVATE KEY-----b3BlbnNzaC1rZXk", "b3BlbnNz"),
    "an environment": ("export DEPLOY_TOKEN=correcthorse", "correcthorse"),
    "a quoted one": ('DB_PASSWORD="correct horse" NEXT=1', "correct"),
    "a database": ("SENTRY_DSN=https://0123@o1.ingest.sentry.io/2", "ingest"),
    "PostgreSQL": ("PGPASSWORD=hunter2 psql", "hunter2"),
    "sshpass": ("SSHPASS=hunter2 sshpass -e ssh host", "hunter2"),
    "YAML": ("  password: hunter2hunter", "hunter2"),
    "JSON": ('{"api_key": "correcthorse", "n": 1}', "correcthorse"),
    "an address's query": ("GET /cb?access_token=abc123def456&x=1", "abc123def"),
    "an option": ("gh auth --with-token abc123def456", "abc123def"),
    "an option with =": ("deploy --api-key=abc123def456", "abc123def"),
    "a cookie": ("Cookie: sid=0123456789; theme=dark", "0123456789"),
    "a header of its own": ("x-api-key: abc123def456", "abc123def"),
}
HARMLESS = (
    "the task-scheduler and the disk-usage-report of 2026",
    "ask-me, gt-crew-jack, eyJ, a bearer of news, basic authentication",
    "commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "session 0199a3f2-7c1e-7d3a-9f10-2b6f3d1c9a55 of gt-wisp-a1b2c3",
    "sha512-5Lw4bF0gI1sO1D4yW1yq8r1pY7cQJm1m6oT4o0mKk2v1QH3H4dWcF9M3f6C0jB1Q==",
    "/home/op/.cache/pypoetry/virtualenvs/tokenizer-2x9Qk1Zr-py3.11/lib",
    "https://example.org/a:b?page=2#key-12345678",
    "dial root@tcp(127.0.0.1:3307)/hq: refused, root:@tcp(localhost)/ at: net.Dial(tcp)",
    "input_tokens: 41233 · max_tokens=4096 · 41k tokens left · token budget 200000",
    "token = parse_token2(text), key = keys[0], secret: str | None, password = getpass()",
    "def mask(secret: str, token=None): return KEY == TOKEN",
    "SORT_BY=name GT_SESSION=gt-crew-jack PWD=/home/op/gt OLDPWD=/srv MONKEY=banana2000 SSH_AUTH_SOCK=/tmp/ssh-1/agent.2",
    "API_KEY=$ANTHROPIC_API_KEY TOKEN=${TOKEN:-none} KEY=<your key>",
    "press any key: Enter · the key=value store · keyboard · author: Ada Lovelace · authored 2026",
    "--------------------------------------------------------------------------------",
    "● Bash(git push origin nux/gt-aa7) · 3 additions and 1 removal · (15s · ↓ 41 tokens)",
)
COLOURED = "\x1b[38;5;114m{}\x1b[39m\x1b[1m{}\x1b[22m{}"


@pytest.mark.parametrize(("told", "secret"), SECRETS.values(), ids=SECRETS)
def test_a_secret_is_hidden(told: str, secret: str) -> None:
    assert secret not in mask(told) and MASK in mask(told)
    (row,) = masked([told])
    assert secret not in row and len(row) == len(told)


@pytest.mark.parametrize("told", HARMLESS)
def test_what_is_none_is_left(told: str) -> None:
    assert mask(told) == told
    assert masked([told]) == (told,)


def test_of_every_recorded_row_none_is_taken_for_a_secret() -> None:
    """Screens of all programs: code, hashes, ids, paths, counters of tokens; and once the end of a key, told below its name."""
    files = [*Path(__file__).parents[1].glob("data/**/*.ansi")]
    assert len(files) > 100
    changed = [row for file in files for row, made in rows_of(file) if row != made]
    assert {plain(cells).strip() for cells in parse_rows(changed)} == {"sk-ant-...00000000000000000000"}


def rows_of(file: Path) -> list[tuple[str, str]]:
    rows = file.read_text().split("\n")
    return [*zip(rows, masked(rows), strict=True)]


def test_what_surrounds_a_secret_stays() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabcd=\n"
    assert mask(f"before\n{key}-----END RSA PRIVATE KEY-----\nafter") == f"before\n{MASK}-----END RSA PRIVATE KEY-----\nafter"
    assert mask(f"before\n{key}") == f"before\n{MASK}"
    assert mask("in AKIAIOSFODNN7EXAMPLE, and https://u:p@h/x") == f"in {MASK}, and https://{MASK}@h/x"
    assert mask("A=1 API_TOKEN='abcdef' B=2") == f"A=1 API_TOKEN='{MASK}' B=2"
    assert masked(["export API_TOKEN=abcdef; ls"]) == ("export API_TOKEN=••••••• ls",)


def looks(cells: Cells) -> list[object]:
    """Returns how every column of a row looks."""
    return [attributes for text, attributes in cells for _ in text]


def test_a_secret_is_found_across_colours_which_stay() -> None:
    row = "\x1b[2mkey \x1b[0m" + COLOURED.format("sk-ant-", "api03-0123456789", "abcdef tail")
    (made,) = masked([row])
    before, after = parse_rows([row])[0], parse_rows([made])[0]
    assert plain(after) == "key " + "•" * 29 + " tail"
    assert looks(after) == looks(before)


KEY = "sk-ant-api03-" + "".join(random.Random(5).choices("abcdefghijkABCDEFGHIJK0123456789_-", k=95))


def wrapped(text: str, width: int, left: str = "", right: str = "") -> list[str]:
    return [left + text[at : at + width].ljust(width) + right for at in range(0, len(text), width)]


@pytest.mark.parametrize("width", range(20, 120, 7))
@pytest.mark.parametrize("frame", [("", ""), ("│ ", " │"), ("  ⎿  ", ""), ("     ", "")])
def test_a_secret_is_found_where_it_was_broken_into_rows(width: int, frame: tuple[str, str]) -> None:
    rows = ["─" * (width + 4), *wrapped(f"the key is {KEY} as you see", width, *frame), "─" * (width + 4), "all is well"]
    left = re.sub(r"[^\w-]", "", "".join(masked(rows)))
    assert not any(KEY[at : at + 6] in left for at in range(8, len(KEY) - 8)), masked(rows)
    assert [len(row) for row in masked(rows)] == [len(row) for row in rows]
    assert "all is well" in masked(rows)


def test_what_stands_below_a_secret_is_left() -> None:
    rows = ["$ env", "ANTHROPIC_API_KEY=sk-ant-api03-abcdefgh", "GT_ROLE=alpha/crew/max", "PATH=" + "/usr/bin:" * 9]
    assert masked(rows)[2:] == tuple(rows[2:])
    assert "abcdefgh" not in masked(rows)[1]


def test_what_stands_before_a_secret_in_full_rows_is_left() -> None:
    words = "one of the rows that are as long as any is "
    assert masked([words, words, f"here is {KEY[:24]}"]) == (words, words, f"here is {'•' * 24}")


ANNOUNCED = (
    ("deploy --token", "abc123def456", " --force"),
    ("  gh auth login --with-token \\", "abc123def456", ""),
    ("curl -H 'X-Key: Bearer", "abcdefgh12345678", "'"),
    ('  "api_key":', '"correcthorse"', ","),
    ("please enter the password:", "hunter2hunter", ""),
)


@pytest.mark.parametrize(("announcer", "secret", "rest"), ANNOUNCED)
@pytest.mark.parametrize("frame", [("", ""), ("│ ", " │"), ("  ⎿  ", "")])
def test_a_secret_is_found_below_what_announces_it(announcer: str, secret: str, rest: str, frame: tuple[str, str]) -> None:
    rows = ["─" * 60, *(f"{frame[0]}{text:56}{frame[1]}" for text in (announcer, f"   {secret}{rest}", "all is well 2026"))]
    made = masked(rows)
    assert secret.strip('"') not in made[2] and len(made[2]) == len(rows[2]) and rest in made[2]
    assert (made[:2], made[3:]) == ((*rows[:2],), (*rows[3:],))


BELOW = (
    ("Set the API key:", "  1. open the settings, 2. copy it"),
    ("how to get a token", "  in 2026-11-22T10:00:00"),
    ("    secret:", "      secretName: tls-2026"),
    ("the flags are --key and --token", "  both may be left out since 2026"),
    ("    token = ", "  parse_token2(text)"),
    ("Which password?", "abc123def456"),
)


@pytest.mark.parametrize("rows", BELOW)
def test_what_stands_below_such_a_name_in_prose_is_left(rows: tuple[str, str]) -> None:
    assert masked(["─" * 60, *rows]) == ("─" * 60, *rows)


PEM = [
    "-----BEGIN OPENSSH PRIVATE KEY-----",
    *("b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW" for _ in range(4)),
    "QyNTUxOQAAACBhYmM=",
    "-----END OPENSSH PRIVATE KEY-----",
]


@pytest.mark.parametrize(("start", "end"), [(0, 7), (0, 4), (3, 7), (0, 1)])
def test_a_private_key_is_hidden_though_its_end_or_beginning_is_out_of_sight(start: int, end: int) -> None:
    shown = [*(["$ cat key"] if start == 0 else []), *PEM[start:end], *(["$ ls", "README.md"] if end == 7 else [])]
    made = masked(shown)
    assert "b3Blbn" not in "".join(made) and "QyNTUx" not in "".join(made)
    assert all(row in made for row in shown if row.startswith("$") or row == "README.md")


@given(st.lists(st.text(max_size=60), max_size=12))
def test_rows_stay_as_many_and_as_wide(rows: list[str]) -> None:
    made = masked(rows)
    assert len(made) == len(rows)
    assert [len(plain(cells)) for cells in parse_rows(made)] == [len(plain(cells)) for cells in parse_rows(rows)]


@given(st.text())
def test_spans_are_in_order_and_apart(text: str) -> None:
    found = [at for span in spans(text) for at in span]
    assert found == sorted(found) and all(0 <= at <= len(text) for at in found)


HURTING = (
    "sk-",
    "eyJ-",
    "token=",
    "--",
    "cookie:",
    "A_",
    "SG.",
    "Bearer a",
    "://a:",
    "secret_",
    "-----BEGIN ",
    "key: '",
    "KEY=",
    "a:@tcp",
    "a:b@unix( ",
)


@pytest.mark.parametrize("piece", HURTING)
def test_no_text_takes_long(piece: str) -> None:
    """What looks like the beginning of secrets, over and over: a search that goes back over all of it would take hours."""
    with limited(60):
        mask(piece * (200_000 // len(piece)))

"""What git would write, told from its words: the commands that only read, with their options; and two that restore.

Options that write a file or start a program (a pager, an external diff, gpg) are on no list.
"""

from __future__ import annotations

import os
from typing import Final

from devmesh.bridge.guarding.options import options
from devmesh.bridge.guarding.places import Places
from devmesh.bridge.guarding.shell import CannotTell
from devmesh.bridge.guarding.words import Word

_DIGITS = "0123456789"
_DIFF = (
    f"pusabwzRWM::C::B::DX::U::S:G:l:{_DIGITS} --patch --no-patch --raw --stat[=] --numstat --shortstat --dirstat[=] "
    "--summary --name-only --name-status --color[=] --no-color --color-words[=] --word-diff[=] --word-diff-regex= "
    "--unified[=] --minimal --patience --histogram --diff-algorithm= --no-renames --find-renames[=] --find-copies[=] "
    "--find-copies-harder --full-index --binary --abbrev[=] --diff-filter= --pickaxe-all --pickaxe-regex --relative[=] "
    "--no-relative --text --ignore-space-at-eol --ignore-space-change --ignore-all-space --ignore-blank-lines "
    "--ignore-cr-at-eol --function-context --inter-hunk-context= --exit-code --quiet --no-ext-diff --no-textconv "
    "--ignore-submodules[=] --submodule[=] --no-prefix --src-prefix= --dst-prefix= --line-prefix= --check "
    "--compact-summary --patch-with-stat --color-moved[=] --no-color-moved --indent-heuristic --no-indent-heuristic "
    "--anchored="
)
_LOG = (
    f"{_DIFF} n:iEFPcmgL: --oneline --graph --decorate[=] --no-decorate --all --branches[=] --tags[=] --remotes[=] "
    "--max-count= --skip= --since= --after= --until= --before= --author= --committer= --grep= --all-match "
    "--invert-grep --regexp-ignore-case --extended-regexp --fixed-strings --perl-regexp --merges --no-merges "
    "--min-parents= --max-parents= --first-parent --reverse --date= --format= --pretty[=] --abbrev-commit "
    "--no-abbrev-commit --follow --full-diff --topo-order --date-order --author-date-order --left-right --cherry-pick "
    "--cherry-mark --cherry --left-only --right-only --boundary --simplify-by-decoration --full-history "
    "--ancestry-path[=] --parents --children --relative-date --source --notes[=] --no-notes --not --exclude= --glob= "
    "--walk-reflogs --cc --no-walk[=] --no-mailmap --use-mailmap --count --objects"
)
_GREP = (
    f"aIiwvhHEGPFnlLzocpqWre:f:A:B:C:m:{_DIGITS} --cached --no-index --untracked --exclude-standard "
    "--no-exclude-standard --recurse-submodules --text --ignore-case --word-regexp --invert-match --full-name "
    "--extended-regexp --basic-regexp --perl-regexp --fixed-strings --line-number --column --files-with-matches "
    "--name-only --files-without-match --null --only-matching --count --color[=] --no-color --break --heading "
    "--show-function --function-context --context= --after-context= --before-context= --threads= --and --or --not "
    "--all-match --quiet --max-depth= --max-count= --recursive --no-recursive --no-textconv"
)
READING: Final = {
    name: options(text, shortened=False)
    for name, text in {
        "blame": "bltsefnpwcM::C::L:S: --root --show-stats --show-name --show-number --porcelain --line-porcelain "
        "--date= --since= --first-parent --ignore-rev= --ignore-revs-file= --color-lines --color-by-age --show-email "
        "--abbrev[=] --minimal",
        "cat-file": "tspe --batch[=] --batch-check[=] --batch-all-objects --buffer --unordered --follow-symlinks",
        "describe": "--all --tags --contains --abbrev[=] --candidates= --exact-match --long --match= --exclude= "
        "--always --first-parent --dirty[=] --broken[=]",
        "diff": f"{_DIFF} --cached --staged --merge-base --no-index",
        "diff-tree": f"{_DIFF} rtmcv --root --no-commit-id --pretty[=] --cc --always --merge-base",
        "grep": _GREP,
        "log": _LOG,
        "ls-files": "cdmoisktvzux:X: --cached --deleted --modified --others --ignored --stage --unmerged --killed "
        "--directory --no-empty-directory --exclude= --exclude-from= --exclude-per-directory= --exclude-standard "
        "--error-unmatch --full-name --recurse-submodules --abbrev[=] --eol --deduplicate --format= --with-tree=",
        "ls-tree": "drtlz --name-only --name-status --long --full-name --full-tree --abbrev[=] --format= --object-only",
        "merge-base": "a --all --octopus --is-ancestor --independent --fork-point",
        "name-rev": "--tags --refs= --exclude= --all --name-only --no-undefined --always",
        "rev-list": _LOG,
        "rev-parse": "q --show-toplevel --show-prefix --show-cdup --git-dir --absolute-git-dir --git-common-dir "
        "--is-inside-work-tree --is-inside-git-dir --is-bare-repository --abbrev-ref[=] --short[=] --verify --quiet "
        "--symbolic --symbolic-full-name --all --branches[=] --tags[=] --remotes[=] --git-path= "
        "--is-shallow-repository --show-superproject-working-tree",
        "shortlog": "nsecw:: --numbered --summary --email --format= --group= --committer --no-merges --since= --until= "
        "--author= --all",
        "show": _LOG,
        "status": "sbu::zv --short --branch --show-stash --porcelain[=] --long --verbose --untracked-files[=] "
        "--ignored[=] --ignore-submodules[=] --column[=] --no-column --ahead-behind --no-ahead-behind --renames "
        "--no-renames --find-renames[=]",
        "version": "--build-options",
    }.items()
}
"By command. git's own abbreviations are not taken: not all of its commands read their options the same way."
LISTING: Final = {
    "branch": {"", "-a", "-v", "-vv", "-r", "--list", "--show-current", "--all"},
    "stash": {"list", "show"},
    "remote": {"", "-v"},
    "tag": {"", "-l", "--list"},
}
"Commands that write with any other word."
_SIGNATURE = "%G"
"In a format: it has gpg run."
_PATHSPEC = frozenset("*?[:\\")


def git(places: Places, words: list[Word]) -> list[str]:
    """What one run of it writes. Raises CannotTell for all that is not on the lists."""
    rest = list(words)
    while rest and rest[0].text in {"--no-pager", "-P"}:
        rest.pop(0)
    name, texts = (rest[0].text if rest else ""), [word.text for word in rest[1:]]
    if [name, *texts] == ["--version"]:
        return []
    _raise_if_planted(places.folder)
    if name in READING and not any(_SIGNATURE in text for text in texts):
        READING[name].read(f"git {name}", rest[1:])
        return []
    if name in LISTING and all(text in LISTING[name] for text in texts or [""]):
        return []
    if name == "restore" and not any(text.startswith("-") for text in texts if text not in {"--", "--worktree", "-W"}):
        return _restored(places, [word for word in rest[1:] if not word.text.startswith("-")])
    if name == "checkout" and texts[:1] == ["--"]:
        return _restored(places, rest[2:])
    raise CannotTell(f"`git {name[:40]}` writes files that it does not name, or the person's repository")


def is_repository(folder: str) -> bool:
    """Whether git goes by the `.git` of this very folder."""
    return os.path.lexists(os.path.join(folder, ".git"))  # noqa: PTH118 - a text


def _restored(places: Places, words: list[Word]) -> list[str]:
    """It has patterns of its own, and restores what is not there: only names of what is there are understood."""
    if any(_PATHSPEC & set(word.text) for word in words) or not all(map(os.path.lexists, places.all(words))):
        raise CannotTell("which files git restores cannot be told")
    return places.whole(words)


def _raise_if_planted(folder: str) -> None:
    """A folder with `HEAD` and so on in it is a repository for git, and its `config` names programs to run."""
    place = os.path.realpath(folder)
    while not is_repository(place):
        if os.path.lexists(os.path.join(place, "HEAD")):  # noqa: PTH118 - a text
            raise CannotTell("git could take this folder itself for a repository, and run what its configuration says")
        if place == os.path.dirname(place):  # noqa: PTH120 - as above
            return
        place = os.path.dirname(place)  # noqa: PTH120 - as above

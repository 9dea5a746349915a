"""Programs that write no file, and the options each may be given for that: a table. What is not on it is not known.

Left out is whatever writes, runs another program, or loads code; what is `free` has no such option under any name.
"""

from __future__ import annotations

from typing import Final

from devmesh.bridge.guarding.options import Options, options

ANY_WORDS: Final = frozenset({"echo", "true", "false", ":", "expr"})
"They only print or compute, whatever their words; they have no option that could do more."
_HELP = " --help --version"
_SUMS = "bctzw --binary --check --tag --text --zero --ignore-missing --quiet --status --strict --warn"
_NUMBERS = "0123456789"
_GREP = (
    f"EFGPe:f:iywxzsvVm:bnHhoqaId:D:rRLlcTZB:A:C:NUu{_NUMBERS} --extended-regexp --fixed-strings --basic-regexp "
    "--perl-regexp --regexp= --file= --ignore-case --no-ignore-case --word-regexp --line-regexp --null-data "
    "--no-messages --invert-match --max-count= --byte-offset --line-number --line-buffered --with-filename "
    "--no-filename --label= --only-matching --quiet --silent --binary-files= --text --directories= --devices= "
    "--recursive --dereference-recursive --include= --exclude= --exclude-from= --exclude-dir= --files-without-match "
    "--files-with-matches --count --initial-tab --null --before-context= --after-context= --context= "
    "--group-separator= --no-group-separator --color[=] --colour[=] --binary"
)
_LS = (
    "aAbBcCdDfFgGhHiI:klLmnNopqQrRsStT:uUvw:xXZ1 --all --almost-all --author --escape --block-size= --ignore-backups "
    "--color[=] --directory --dired --classify[=] --file-type --format= --full-time --group-directories-first "
    "--no-group --human-readable --si --dereference-command-line --dereference-command-line-symlink-to-dir --hide= "
    "--hyperlink[=] --indicator-style= --inode --ignore= --kibibytes --dereference --numeric-uid-gid --literal "
    "--hide-control-chars --show-control-chars --quote-name --quoting-style= --reverse --recursive --size --sort= "
    "--time= --time-style= --tabsize= --width= --context --zero"
)

_FREE = {
    "b2sum": f"l: --length= {_SUMS}",
    "base32": "diw: --decode --ignore-garbage --wrap=",
    "base64": "diDw: --decode --ignore-garbage --wrap=",
    "basename": "as:z --multiple --suffix= --zero",
    "cat": "AbeEnstTuv --show-all --number-nonblank --show-ends --number --squeeze-blank --show-tabs "
    "--show-nonprinting",
    "cksum": "a:cl:zw --algorithm= --check --length= --tag --untagged --zero --ignore-missing --quiet --status "
    "--strict --warn --debug",
    "cmp": "bi:ln:sv --print-bytes --ignore-initial= --verbose --bytes= --quiet --silent",
    "column": "tn:O:N:l:E:deH:R:T:W:LJr:i:p:c:o:s:xhV --table --table-name= --table-order= --table-columns= "
    "--table-columns-limit= --table-noextreme= --table-noheadings --table-header-repeat --table-hide= --table-right= "
    "--table-truncate= --table-wrap= --keep-empty-lines --json --tree= --tree-id= --tree-parent= --output-width= "
    "--output-separator= --separator= --fillrows",
    "comm": "123z --check-order --nocheck-order --output-delimiter= --total --zero-terminated",
    "cut": "b:c:d:f:nsz --bytes= --characters= --delimiter= --fields= --complement --only-delimited "
    "--output-delimiter= --zero-terminated",
    "df": "aB:hHiklPt:Tx:v --all --block-size= --human-readable --si --inodes --local --no-sync --output[=] "
    "--portability --total --type= --print-type --exclude-type=",
    "dir": _LS,
    "dirname": "z --zero",
    "du": "0aB:bcDd:HhkLlmPSst:X:x --null --all --apparent-size --block-size= --bytes --total --dereference-args "
    "--max-depth= --files0-from= --human-readable --inodes --dereference --count-links --no-dereference "
    "--separate-dirs --si --summarize --threshold= --time[=] --time-style= --exclude-from= --exclude= "
    "--one-file-system",
    "egrep": _GREP,
    "expand": f"it:{_NUMBERS} --initial --tabs=",
    "fgrep": _GREP,
    "fold": f"bsw:{_NUMBERS} --bytes --spaces --width=",
    "free": "bkmghltvs:c:wV --bytes --kilo --mega --giga --tera --peta --kibi --mebi --gibi --tebi --pebi --human --si "
    "--lohi --total --committed --wide --seconds= --count=",
    "grep": _GREP,
    "groups": "",
    "head": f"c:n:qvz{_NUMBERS} --bytes= --lines= --quiet --silent --verbose --zero-terminated",
    "id": "aZgGnruz --context --group --groups --name --real --user --zero",
    "join": "a:e:ij:o:t:v:1:2:z --ignore-case --check-order --nocheck-order --header --zero-terminated",
    "ls": _LS,
    "md5sum": _SUMS,
    "nl": "b:d:f:h:i:l:n:ps:v:w: --body-numbering= --section-delimiter= --footer-numbering= --header-numbering= "
    "--line-increment= --join-blank-lines= --number-format= --no-renumber --number-separator= "
    "--starting-line-number= --number-width=",
    "nproc": "--all --ignore=",
    "numfmt": f"d:z{_NUMBERS}. --debug --delimiter= --field= --format= --from= --from-unit= --grouping --header[=] "
    "--invalid= --padding= --round= --suffix= --to= --to-unit= --zero-terminated",
    "od": "A:j:N:S:t:vw::abcdfilosx --address-radix= --endian= --skip-bytes= --read-bytes= --format= "
    "--output-duplicates --strings[=] --traditional --width[=]",
    "paste": "d:sz --delimiters= --serial --zero-terminated",
    "pwd": "LP --logical --physical",
    "readlink": "femnqsvz --canonicalize --canonicalize-existing --canonicalize-missing --no-newline --quiet --silent "
    "--verbose --zero",
    "realpath": "emLPqsz --canonicalize-existing --canonicalize-missing --logical --physical --quiet --relative-to= "
    "--relative-base= --strip --no-symlinks --zero",
    "rev": "hV",
    "seq": f"f:s:w{_NUMBERS}. --format= --separator= --equal-width",
    "sha1sum": _SUMS,
    "sha256sum": _SUMS,
    "sha512sum": _SUMS,
    "sleep": "",
    "stat": "Lfc:t --dereference --file-system --cached= --format= --printf= --terse",
    "tac": "brs: --before --regex --separator=",
    "tail": f"c:fFn:qs:vz{_NUMBERS} --bytes= --follow[=] --lines= --max-unchanged-stats= --pid= --quiet --silent "
    "--retry "
    "--sleep-interval= --verbose --zero-terminated",
    "tr": "cCdst --complement --delete --squeeze-repeats --truncate-set1",
    "tsort": "",
    "uname": "asnrvmpio --all --kernel-name --nodename --kernel-release --kernel-version --machine --processor "
    "--hardware-platform --operating-system",
    "unexpand": "at: --all --first-only --tabs=",
    "uptime": "phsV --pretty --since",
    "wc": "cmlLw --bytes --chars --lines --files0-from= --max-line-length --words",
    "whoami": "",
}
_FREE_UNSHORTENED = {
    "cal": "13ysjmwhNMYn:A:B:",
    "hexdump": "bcCdoxe:f:n:s:vhV",
    "jq": "cnesrRCMSjaf:L: --tab --indent= --arg= --argjson= --slurpfile= --rawfile= --args --jsonargs --slurp "
    "--raw-input "
    "--raw-output --compact-output --null-input --sort-keys --exit-status --join-output --ascii-output --color-output "
    "--monochrome-output --seq --stream --from-file= --unbuffered",
    "ps": "AadefFHjlLTwycZNrxmMp:o:O:u:U:g:G:C:t:s:q:k: --no-headers --headers --sort= --forest --pid= --ppid= --user= "
    "--cols= --width= --format=",
    "type": "afptP",
    "whereis": "bmsulhV",
    "which": "as",
}
"As above, of programs that take no abbreviations, or whose long options are not all known here."
_LISTED = {
    "diff": f"qcC:uU:enyW:pF:tTrNx:X:S:iEZbwBI:aD:dv{_NUMBERS} --normal --brief --report-identical-files --context[=] "
    "--unified[=] --ed --rcs --side-by-side --width= --left-column --suppress-common-lines --show-c-function "
    "--show-function-line= --label= --expand-tabs --initial-tab --tabsize= --suppress-blank-empty --recursive "
    "--no-dereference --new-file --unidirectional-new-file --ignore-file-name-case --no-ignore-file-name-case "
    "--exclude= --exclude-from= --starting-file= --from-file= --to-file= --ignore-case --ignore-tab-expansion "
    "--ignore-trailing-space --ignore-space-change --ignore-all-space --ignore-blank-lines --ignore-matching-lines= "
    "--text --strip-trailing-cr --ifdef= --line-format= --minimal --horizon-lines= --speed-large-files --color[=] "
    "--palette= !--paginate",
    "file": "bikLhnNrsEF: --brief --mime --mime-type --mime-encoding --keep-going --dereference --no-dereference "
    "--no-buffer --no-pad --raw --special-files --separator= --extension --apple !--compile !--magic-file "
    "!--uncompress !--uncompress-noreport !--files-from !--no-sandbox",
    "sort": "bdfgiMhnRrVcCk:mS:st:uz --ignore-leading-blanks --dictionary-order --ignore-case --general-numeric-sort "
    "--ignore-nonprinting --month-sort --human-numeric-sort --numeric-sort --random-sort --random-source= --reverse "
    "--sort= --version-sort --batch-size= --check[=] --debug --files0-from= --key= --merge --stable --buffer-size= "
    "--field-separator= --parallel= --unique --zero-terminated "
    "!--output !--compress-program !--temporary-directory",
    "strings": "adfn:t:oe:s:w --all --data --print-file-name --bytes= --radix= --encoding= --output-separator= "
    "--include-all-whitespace",
    "zcat": "fqtv --force --quiet --test --verbose !--suffix",
}
_LISTED_UNSHORTENED = {
    "fd": "HIuasigFLp0d:t:e:E:S:c:j:1qo: --hidden --no-ignore --no-ignore-vcs --unrestricted --absolute-path "
    "--case-sensitive --ignore-case --glob --regex --fixed-strings --follow --full-path --print0 --max-depth= "
    "--min-depth= "
    "--exact-depth= --type= --extension= --exclude= --size= --changed-within= --changed-before= --color= "
    "--max-results= "
    "--quiet --and=",
    "rg": f"abcFhHiIlLnNopPqsSuUvVwx0.e:f:g:t:T:A:B:C:m:M:d:E:j:r:{_NUMBERS} --files --files-with-matches "
    "--files-without-match --line-number --no-line-number --ignore-case --smart-case --case-sensitive --fixed-strings "
    "--word-regexp --line-regexp --invert-match --count --count-matches --only-matching --glob= --iglob= --type= "
    "--type-not= --type-list --regexp= --file= --after-context= --before-context= --context= --max-count= "
    "--max-columns= --max-columns-preview --max-depth= --max-filesize= --hidden --no-hidden --no-ignore "
    "--no-ignore-vcs "
    "--no-ignore-parent --no-ignore-global --no-config --follow --multiline --multiline-dotall --pcre2 --json "
    "--vimgrep "
    "--column --no-column --heading --no-heading --with-filename --no-filename --color= --colors= --null --sort= "
    "--sortr= "
    "--stats --trim --text --replace= --passthru --pretty --quiet --threads= --encoding= --unrestricted --no-messages "
    "--context-separator= --byte-offset --crlf --one-file-system --path-separator= --debug --version",
    "tree": "adfilpsugDFqNQrtUvxcnCASXJL:P:I: --dirsfirst --filesfirst --noreport --gitignore --prune --matchdirs "
    "--ignore-case --du --si --inodes --device --metafirst --fromfile --info --sort= --version",
}
"As before, of programs with options that write or run."


def _table() -> dict[str, Options]:
    return {
        **{name: options(text + _HELP, free=True) for name, text in _FREE.items()},
        **{name: options(text + _HELP, free=True, shortened=False) for name, text in _FREE_UNSHORTENED.items()},
        **{name: options(text + _HELP) for name, text in _LISTED.items()},
        **{name: options(text + " --help", shortened=False) for name, text in _LISTED_UNSHORTENED.items()},
    }


READING: Final = _table()
"By name. Nothing that is only read with these options writes a file."

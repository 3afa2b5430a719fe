#!/bin/sh
# Runs every lint, says which fail, ends with the totals.  No privilege, a few seconds.
set -eu
cd "$(dirname "$0")/../.."

passed=0
failed=0
skipped=0

# lint NAME COMMAND...: silent when it passes, apart from warnings
lint() {
    name=$1
    shift
    if ! command -v "$1" >/dev/null 2>&1; then
        echo "skip $name: $1 is not installed"
        skipped=$((skipped + 1))
    elif output=$("$@" 2>&1); then
        passed=$((passed + 1))
        [ -z "$output" ] || [ -z "${LINT_WARNINGS:-}" ] || printf '%s\n' "$output"
    else
        printf '%s\n' "$output" | head -n 40
        echo "not ok $name"
        failed=$((failed + 1))
    fi
}

files() {
    if git rev-parse --git-dir >/dev/null 2>&1; then
        git ls-files --cached --others --exclude-standard -- "$@" | sort -u |
            while IFS= read -r path; do [ ! -f "$path" ] || printf '%s\n' "$path"; done
    else
        find . -type f -not -path './build/*' -not -path '*/node_modules/*' |
            sed 's,^\./,,' | sort | grep -E "$(printf '%s\n' "$@" | sed 's,\.,\\.,g; s,\*,.*,g; s,$,$,')"
    fi
}

c_files=$(files '*.c' '*.h')
program_files=$(printf '%s\n' "$c_files" | grep -v '^tests/')
room_files=$(printf '%s\n' "$program_files" | grep -v '/main_[a-z]*\.c$')
shell_files=$(files '*.sh' '*.bats' '*.bash' .ci/run tests/run tests/run-unit tests/run-bats \
    tests/run-app tests/coverage tests/tally packaging/quickstart packaging/install-packages \
    packaging/debian/make-deb 'packaging/debian/*inst' 'packaging/debian/*rm' |
    grep -v '^examples/.*/node_modules/')

# shellcheck disable=SC2046,SC2086 # lists of names without spaces
{
    lint format clang-format --dry-run -Werror $c_files
    lint includes awk -f tests/lint/includes.awk tests/lint/deps.txt $room_files
    lint sizes awk -f tests/lint/sizes.awk $program_files
    lint forbidden awk -f tests/lint/forbidden.awk tests/lint/forbidden.txt $program_files
    lint limits sh tests/lint/limits.sh
    lint tree sh tests/lint/tree.sh
    lint support sh tests/lint/support.sh
    lint shellcheck shellcheck -x $shell_files
    lint codespell codespell $(files '*.c' '*.h' '*.md' '*.scd' '*.sh' '*.bats' '*.bash' '*.py' \
        '*.yaml' '*.sql' '*.vue' '*.ts' '*.js' '*.conf' '*.service' Makefile |
        grep -v -e 'zh-CN' -e '/locales\?/' -e '/i18n/')
    lint man sh tests/lint/man.sh
    lint personal sh tests/lint/personal.sh
}
exec tests/tally lint "$passed" "$failed" "$skipped"

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs what is missing, builds, and runs every test through ctest, or those that are named.
set -euo pipefail

# shellcheck source=scripts/setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/scripts/setup.sh"

readonly python=/usr/bin/python3        # Debian's: its packages are what we install
readonly core='^(unit|scenarios|properties)$'   # labels of the tests that exercise src/ alone
readonly configuration=(-DBUILD_TESTING=ON)
readonly coverage_wanted=95             # percent of the lines of src/
summary=()
failed=false

usage() {
    cat <<'END'
Usage: ./test.sh [NAME...]

Installs what is missing (Debian, with apt-get, as root or through sudo), builds, and runs all
tests, then prints a summary. NAME runs a part:

  unit        the state machine, function by function
  scenarios   stories in packetdrill's notation, through the core and through tshark
  properties  what holds of every capture: a swapped, missing or repeated packet tells no lies
  tshark      the captures in captures/, with their expected rows, in every mode of tshark
  cli         the command tcpstate: the rows of tshark, formats, bad input, long work
  lab         real sockets, judged by the kernel's own record of their states (needs root)
  stacks      other TCPs, in memory, judged by their own record of their states
  docs        README.md and docs/ say what is true; run.sh does what it promises
  layout      the rules that keep src/ and plugin/ apart, and the format of the code
  fuzz        garbage, always built with AddressSanitizer and UBSan
  sanitize    unit, scenarios and properties, built with these sanitizers
  coverage    which lines of src/ these three reach
  packages    the Debian packages: made, installed in a bare chroot, used, removed (needs root and a
              mirror; without NAME only with CI=true)
  versions    plugin and command with Debian 13's Wireshark, in a chroot that is made once and kept
              (needs root and a mirror; without NAME only with CI=true). test/versions.sh does more
  else        every test whose name matches this regular expression

A test that is skipped says why. With CI=true, a skipped test is a failure.
END
}

python_has() {
    "$python" -c 'import importlib.util, sys; sys.exit(not importlib.util.find_spec(sys.argv[1]))' \
        "$1"
}

# wants_part PART NAME...: whether the named parts, or all of them, include one that takes a chroot.
wants_part() {
    local -r part=$1
    shift
    [[ " $* " == *" $part "* || ($# -eq 0 && ${CI:-} == true) ]]
}

want_packages() {
    if ((EUID == 0)) && { wants_part versions "$@" || wants_part packages "$@"; }; then
        want debootstrap command -v debootstrap
    fi
    if wants_part packages "$@"; then
        want lintian command -v lintian
        want file command -v file
    fi
    want_to_build
    want python3 test -x "$python"
    want python3-pytest python_has pytest
    want python3-scapy python_has scapy
    want python3-jsonschema python_has jsonschema
    want jq command -v jq
    want man-db command -v man
    want parallel command -v parallel
    want miller command -v mlr
    want libcmocka-dev one_of /usr/include/cmocka.h /usr/local/include/cmocka.h
    want iproute2 command -v ip
    want git command -v git
    want gcovr command -v gcovr
    want dpkg-dev command -v dpkg-source
    want shellcheck command -v shellcheck
    want clang command -v clang
    want clang-format command -v clang-format
    want flake8 command -v flake8
    want "valgrind libc6-dbg" command -v valgrind
    install_missing "the test suite"
}

# run_tests TITLE DIRECTORY CTEST-ARGUMENT...: one line for the summary.
run_tests() {
    local -r title=$1 directory=$root/$2
    local log counts skipped verdict=ok
    shift 2
    log=$(mktemp)
    say "running: $title"
    # pytest names what it skips, and git lists files also where root tests somebody's tree.
    export PYTEST_ADDOPTS=-rs GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory
    export GIT_CONFIG_VALUE_0=$root
    ctest --test-dir "$directory" --output-on-failure --no-tests=error -j "$(nproc)" "$@" 2>&1 |
        tee "$log" || verdict=FAILED
    counts=$(sed -n 's/^\([0-9]*% tests passed.*\)/\1/p' "$log")
    skipped=$(skips "$log" "$directory/Testing/Temporary/LastTest.log")
    if [[ -n $skipped ]]; then
        printf '\nskipped:\n%s\n' "$skipped"
        counts+=", $(wc -l <<<"$skipped") skipped"
        if [[ ${CI:-} == true ]]; then
            verdict='FAILED: a test was skipped'
        fi
    fi
    [[ $verdict == ok ]] || failed=true
    summary+=("$(printf '%-12s %-52s %s' "$title" "${counts:-no test ran}" "$verdict")")
    rm -f "$log"
}

# skips LOG LAST-TEST-LOG: a line for each skip of ctest, with the last line that the test printed,
# and for each inside a run of pytest or cmocka.
skips() {
    local name
    sed -n 's/^\t *[0-9]* - \(.*\) (Skipped)$/\1/p' "$1" | while read -r name; do
        awk -v name="$name" '$2 == "Test:" { reading = $3 == name }
            reading && /<end of output>/ { print name ": " last; exit }
            { last = $0 }' "$2"
    done
    grep -hE '^SKIPPED|\[  SKIPPED \]' "$2" || true
}

# Their tests are skipped if this fails, and a skip fails in CI.
build_stacks() {
    local log
    log=$(mktemp)
    "$root/test/stacks/build" "$root/build/stacks" >"$log" 2>&1 || {
        say "the stacks of test/stacks cannot be built:"
        tail -n 5 "$log" >&2
    }
    rm -f "$log"
}

run_plain() {
    build build all "${configuration[@]}"
    run_tests "$@"
}

run_sanitized() {
    build build-asan all "${configuration[@]}" -DTCPSTATE_PLUGIN=OFF -DTCPSTATE_SANITIZE=ON
    run_tests sanitize build-asan -L "$core"
}

run_coverage() {
    local verdict=ok report
    build build-coverage all "${configuration[@]}" -DTCPSTATE_PLUGIN=OFF -DTCPSTATE_COVERAGE=ON
    find "$root/build-coverage" -name '*.gcda' -delete
    run_tests coverage build-coverage -L "$core"
    report=$(gcovr --root "$root" --filter "$root/src/" --fail-under-line "$coverage_wanted" \
        "$root/build-coverage") || verdict="FAILED: less than $coverage_wanted %"
    printf '%s\n' "$report"
    [[ $verdict == ok ]] || failed=true
    summary+=("$(printf '%-12s %-52s %s' lines \
        "$(sed -n 's/^TOTAL *\([0-9]*\) *\([0-9]*\) *\([0-9]*%\).*/\3 of \1 lines of src\//p' \
            <<<"$report")" "$verdict")")
}

# A machine on which no chroot can be made is no failure, unless this part was asked for by name.
run_versions() {
    local -r suite=trixie
    local line verdict=ok
    line=$("$root/test/versions.sh" --obstacle $suite)
    if [[ -n $line ]]; then
        summary+=("$(printf '%-12s %s' versions "not run: $line")")
        [[ $1 != named ]] || failed=true
        return
    fi
    say "running: versions ($suite)"
    line=$("$root/test/versions.sh" --tests-only $suite) || verdict=FAILED
    [[ $verdict == ok ]] || failed=true
    line=${line#"$suite" }
    summary+=("$(printf '%-12s %-52s %s' versions "$(sed -E 's/^ +//; s/ +/ /g; s/ ok$//' <<<"$line")" $verdict)")
}

# As run_versions: no chroot is no failure unless this part was asked for.
run_packages() {
    local why verdict=ok log
    why=$("$root/test/packages.sh" --obstacle)
    if [[ -n $why ]]; then
        summary+=("$(printf '%-12s %s' packages "not run: $why")")
        [[ $1 != named ]] || failed=true
        return
    fi
    say "running: packages"
    log=$(mktemp)
    "$root/test/packages.sh" >"$log" 2>&1 || {
        verdict=FAILED
        failed=true
        tail -n 40 "$log" >&2
    }
    summary+=("$(printf '%-12s %-52s %s' packages "$(tail -n 1 "$log" | cut -c 1-60)" $verdict)")
    rm -f "$log"
}

run_named() {
    case $1 in
    sanitize) run_sanitized ;;
    coverage) run_coverage ;;
    packages) run_packages named ;;
    versions) run_versions named ;;
    stacks)
        build_stacks
        run_plain "$1" build -L "^$1\$"
        ;;
    unit | scenarios | properties | tshark | cli | lab | docs | layout | fuzz) run_plain "$1" build -L "^$1\$" ;;
    *) run_plain "$1" build -R "$1" ;;
    esac
}

main() {
    local name
    for name; do
        case $name in
        --help | -h) usage && exit ;;
        -*) say "unknown option $name; ./$program --help says what there is" && exit 2 ;;
        esac
    done
    want_packages "$@"
    if (($#)); then
        for name; do
            run_named "$name"
        done
    else
        build_stacks
        run_plain all build
        run_sanitized
        run_coverage
        ! wants_part packages || run_packages all
        ! wants_part versions || run_versions all
    fi
    printf '\n'
    printf '%s\n' "${summary[@]}"
    ! $failed
}

main "$@"

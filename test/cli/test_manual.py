# SPDX-License-Identifier: GPL-2.0-or-later
"""The manual page and the completions know the options that there are, and no others."""

import os
import re
import subprocess

import conftest
import pytest

CLI = conftest.ROOT / "cli"
LONG = r"--[a-z][a-z-]+"


@pytest.fixture
def options(command):
    return set(re.findall(rf"^  (?:-\w, )?({LONG})", command.run("--help").stdout, re.M))


def test_manual_page(options):
    page = (CLI / "tcpstate.1").read_text()
    items = re.findall(r"^\.It (Fl .*)$", page, re.M)
    named = {f"--{name}" for item in items for name in re.findall(r"Fl -([\w-]+)", item)}
    assert named == options


def test_manual_page_has_no_faults():
    shown = subprocess.run(
        ["man", "--warnings", "-l", "-Tutf8", CLI / "tcpstate.1"], capture_output=True, text=True,
        check=True,
    )
    assert shown.stderr == "" and "EXIT STATUS" in re.sub(".\b", "", shown.stdout)


def test_completion_of_zsh(options):
    text = (CLI / "complete/_tcpstate").read_text()
    assert set(re.findall(rf"^    .*?({LONG})", text, re.M)) == options


def completed(command, *words):
    """What bash offers for the last word."""
    script = (
        f"source '{CLI}/complete/tcpstate.bash'; compopt() {{ :; }}; COMP_WORDS=(tcpstate \"$@\");"
        "COMP_CWORD=$#; _tcpstate; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    shown = subprocess.run(
        ["bash", "-c", script, "bash", *words], capture_output=True, text=True, check=True
    )
    return set(shown.stdout.split())


def test_completion_of_bash(command, options):
    assert completed(command, "--") == options
    assert completed(command, "--format", "") == {"table", "json", "csv", "tsv", "zeek"}
    assert completed(command, "--s") == {"--stuck", "--stream", "--shard"}


FILES = {
    "bin/tcpstate",
    "share/man/man1/tcpstate.1",
    "share/bash-completion/completions/tcpstate",
    "share/zsh/site-functions/_tcpstate",
}


def test_installed_and_removed(command, tmp_path):
    """cmake --install puts the command and what belongs to it where they are looked for."""
    build = command.path.rpartition("/")[0]
    environment = {**os.environ, "DESTDIR": str(tmp_path)}

    def there():
        return {str(p) for p in tmp_path.rglob("*") if p.is_file()}

    for arguments in (["--install", build], ["--build", build, "-t", "uninstall"]):
        subprocess.run(["cmake", *arguments], env=environment, capture_output=True, check=True)
        if arguments[0] == "--install":
            found = there()
            assert all(any(path.endswith(f"/{file}") for path in found) for file in FILES), found
            assert any(path.endswith("epan/tcpstate.so") for path in found)
            assert any(path.endswith("/wireshark/profiles/TCP State/preferences") for path in found)
            program = next(path for path in found if path.endswith("/bin/tcpstate"))
            assert subprocess.run([program, "--version"], capture_output=True).returncode == 0
    assert there() == set()


def test_installed_for_one_user(tmp_path):
    """Below the home folder, and the components one by one."""
    home, build = tmp_path / "home", tmp_path / "build"
    environment = {**os.environ, "HOME": str(home)}
    environment.pop("XDG_CONFIG_HOME", None)

    def cmake(*arguments):
        subprocess.run(["cmake", *map(str, arguments)], env=environment, capture_output=True, check=True)

    cmake("-G", "Ninja", "-S", CLI.parent, "-B", build, "-DBUILD_TESTING=OFF", "-DTCPSTATE_PERSONAL=ON")
    cmake("--build", build)
    cmake("--install", build, "--component", "plugin")
    found = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    assert ".config/wireshark/profiles/TCP State/colorfilters" in found
    assert any(re.fullmatch(r".local/lib/wireshark/plugins/\d+\.\d+/epan/tcpstate.so", path) for path in found)
    assert not (home / ".local" / "bin").exists()
    cmake("--install", build, "--component", "command")
    assert (home / ".local" / "bin" / "tcpstate").is_file()
    cmake("--build", build, "-t", "uninstall")
    assert not any(path.is_file() for path in home.rglob("*"))

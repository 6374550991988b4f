"""msm-mil --install-completion: the shell completes commands and options."""

import shutil
import subprocess

import pytest
from cyclopts.completion import ShellDetectionError, detect

from msm_mil_core.cli.app import app, call


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A user with an empty home and an unknown shell."""
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in ("SHELL", "BASH_VERSION", "ZSH_VERSION", "ZSH", "ZSH_CUSTOM", "FISH_VERSION"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_the_script_of_a_shell_knows_commands_and_options(shell):
    script = app.generate_completion(shell=shell)

    assert all(word in script for word in ("msm-mil", "whatif", "min-tissue", "install-completion"))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_it_is_installed_in_the_user_s_own_folder(home, capsys, shell):
    assert call(["--install-completion", "--shell", shell]) == 0

    written = [path for path in home.rglob("*") if path.is_file()]
    assert any("whatif" in path.read_text() for path in written)
    assert "Start the shell anew" in "".join(capsys.readouterr())


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash on this machine")
def test_bash_completes_a_command(home):
    call(["--install-completion", "--shell", "bash"])
    (script,) = (path for path in home.rglob("*") if path.is_file() and "whatif" in path.read_text())

    ask = (
        f'source "{script}"; COMP_WORDS=(msm-mil what); COMP_CWORD=1; COMP_LINE="msm-mil what"; COMP_POINT=12; '
        'function=$(complete -p msm-mil | sed "s/.*-F \\([^ ]*\\).*/\\1/"); "$function" msm-mil what msm-mil; '
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "--norc", "-c", ask], capture_output=True, text=True, check=True)

    assert [word.strip() for word in done.stdout.split()] == ["whatif"]


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish on this machine")
@pytest.mark.parametrize(("typed", "completed"), [("what", "whatif"), ("run --tiles.min", "--tiles.min-tissue")])
def test_fish_completes_commands_and_options(home, typed, completed):
    call(["--install-completion", "--shell", "fish"])
    (script,) = (path for path in home.rglob("*") if path.is_file() and "whatif" in path.read_text())

    ask = f'source "{script}"; complete -C "msm-mil {typed}"'
    done = subprocess.run(["fish", "--no-config", "-c", ask], capture_output=True, text=True, check=True)

    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == [completed]


@pytest.mark.parametrize(("shell", "check"), [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")])
def test_a_shell_can_read_its_script(tmp_path, shell, check):
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} on this machine")
    script = tmp_path / "script"
    script.write_text(app.generate_completion(shell=shell), encoding="utf-8")

    assert subprocess.run([shell, check, script], capture_output=True, check=False).returncode == 0


def test_a_shell_that_is_not_known_is_to_be_named(monkeypatch, capsys):
    def detect_shell():
        raise ShellDetectionError("neither variable nor parent process")

    monkeypatch.setattr(detect, "detect_shell", detect_shell)

    assert call(["--install-completion"]) == 2
    assert "Name it, as in --shell bash" in capsys.readouterr().err

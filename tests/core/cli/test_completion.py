"""msm-mil --install-completion: the shell completes commands and options."""

import pytest

from msm_mil_core.cli.app import app, call


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_knows_commands_and_options(shell):
    script = app.generate_completion(shell=shell)

    assert all(word in script for word in ("msm-mil", "whatif", "min-tissue", "install-completion"))


def test_it_is_installed_in_the_user_s_own_folder(tmp_path, monkeypatch, capsys):
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))

    code = call(["--install-completion", "--shell", "bash"])

    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert code == 0
    assert any("whatif" in path.read_text() for path in written)
    assert "msm-mil" in capsys.readouterr().out

"""msm-mil --install-completion: the shell completes commands and options."""

from typing import Literal, TypeAlias

from msm_mil_core.cli.console import print_line
from msm_mil_core.errors import MsmMilError, OutputError

Shell: TypeAlias = Literal["bash", "zsh", "fish", "powershell"]


def install_completion(*, shell: Shell | None = None) -> int:
    """Let the shell complete commands and options, from its next start on.

    A script is written to your own folder, and a line that loads it to the shell's start-up file, where it needs one.

    Parameters
    ----------
    shell
        The shell; by default the one in which this is called.
    """
    from cyclopts.completion import ShellDetectionError

    from msm_mil_core.cli.app import app  # it imports this command

    try:
        written = app.install_completion(shell=shell)
    except ShellDetectionError as exc:
        raise MsmMilError("Which shell this is cannot be told from here. Name it, as in --shell bash.") from exc
    except OSError as exc:
        raise OutputError(f"The script for the shell cannot be written: {exc}.") from exc
    print_line(f"Written: {written}. Start the shell anew, and it completes msm-mil.")
    return 0

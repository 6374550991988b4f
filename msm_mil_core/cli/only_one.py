"""The end of a call whose only slide failed: it is told like wrong use, but is none."""


class OnlyOneError(Exception):
    """The only slide failed: the exit code is that of failed slides."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause
        """With what it failed."""

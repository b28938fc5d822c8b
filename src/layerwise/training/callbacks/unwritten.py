"""What a callback could not write while the network trains: a warning at first, an error when the fit has ended."""

from __future__ import annotations

import os

from layerwise.errors import FormatError, WriteError, warn

FAILURES = (OSError, FormatError, MemoryError)  # of a write, which end no training


class Unwritten:
    """Failures of one callback's writes, from the first of them to the next success.

    Parameters
    ----------
    owner : object
        The callback, for the messages.

    Attributes
    ----------
    error : Exception, optional
        Of the newest write; None if it has succeeded.
    """

    def __init__(self, owner: object) -> None:
        self.owner, self.path = type(owner).__name__, ""
        self.error: Exception | None = None

    def reset(self) -> None:
        """Forget it: the write has succeeded, or a fit begins."""
        self.error = None

    def failed(self, path: str | os.PathLike[str], error: Exception, advice: str = "") -> None:
        """Keep the failure, and warn of the first of several in a row."""
        is_new, self.error, self.path = self.error is None, error, os.fspath(path)
        if is_new:
            warn(
                f"{self._what()}. The training goes on, and it is tried again at the next turn. {advice}".rstrip(),
                RuntimeWarning,
            )

    def settle(self, advice: str = "") -> None:
        """Raise, at the end of the fit, what is still not written.

        Raises
        ------
        WriteError
            Says that the network is trained.
        """
        if self.error is not None:
            what, error, self.error = self._what(), self.error, None
            raise WriteError(
                f"{what}. The training went on: the network holds its weights and its history. {advice}".rstrip()
            ) from error

    def _what(self) -> str:
        reason = str(self.error) or type(self.error).__name__
        return f"{self.owner}: {self.path} could not be written: {reason}"

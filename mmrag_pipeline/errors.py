"""The one error tree: every error we raise says what was tried and what to do next.

MmragError
├── SettingsError            a setting is missing, unknown or contradicts another
├── ListingError             a source could not be listed: nothing is deleted because of it
├── ReadError                one object could not be read (carries a dead-letter reason)
├── ParseError               one object's bytes could not be understood (carries a reason)
├── ModelUnavailableError    weights, package or licence of a model cannot be had
├── ModelDriftError          a model gives other vectors than its card promises
├── AnswerError              a server of answers could not be asked, or answered nonsense
├── QueueError               the queue of notifications could not be read or emptied
├── CorruptStateError        a table, memo or alias file of ours cannot be trusted
├── StateUnavailableError    state of ours could not be reached: nothing was changed
├── OvertakenError           state was replaced again and again while it was read or changed
├── CollectionBusyError      another process holds the collection
├── CollectionMismatchError  collection and encoder, or two cards, do not belong together
├── ClosedError              an index was asked after it was closed
└── NotFoundError            an asked-for point, domain, table or collection is absent
"""

from collections.abc import Sequence


class MmragError(Exception):
    """Root of all errors of this package."""


class SettingsError(MmragError):
    """A setting is missing, unknown or contradicts another."""


class ListingError(MmragError):
    """A source could not be listed; `found` are the domains that could be found in spite of it.

    `lost` are the roots that could not be looked into. `complete` says that `found` are all there
    can be: what stands in the way are only folders whose names can be those of no domain.
    """

    def __init__(
        self,
        message: str,
        *,
        found: Sequence[str] = (),
        lost: Sequence[str] = (),
        complete: bool = False,
    ) -> None:
        super().__init__(message)
        self.found = tuple(found)
        self.lost = tuple(lost)
        self.complete = complete


class ItemError(MmragError):
    """One item failed; `reason` is the dead-letter code, `transient` invites a retry."""

    def __init__(self, message: str, *, reason: str, transient: bool = False) -> None:
        super().__init__(message)
        self.reason = reason
        self.transient = transient


class ReadError(ItemError):
    """One object could not be read."""


class ParseError(ItemError):
    """One object's bytes could not be understood."""


class ModelUnavailableError(MmragError):
    """A model cannot be had; `setting` names the setting that asked for it."""

    def __init__(self, message: str, *, setting: str) -> None:
        super().__init__(message)
        self.setting = setting


class ModelDriftError(MmragError):
    """A model gives other outputs than its card promises."""


class AnswerError(MmragError):
    """A server of answers could not be asked, or answered nonsense.

    `may_pass` says that the same question may be answered later without a person's help.
    """

    def __init__(self, message: str, *, may_pass: bool = False) -> None:
        super().__init__(message)
        self.may_pass = may_pass


class QueueError(MmragError):
    """The queue of notifications could not be read or emptied; its messages are still there."""


class CorruptStateError(MmragError):
    """A file of our own state cannot be trusted."""


class StateUnavailableError(MmragError):
    """State of ours could not be reached: it may be all right, and nothing was changed.

    `may_pass` says that the same may work later without a person's help; `cause` is what
    everything that is asked of the same place fails with, empty when nobody knows.
    """

    def __init__(self, message: str, *, may_pass: bool = False, cause: str = "") -> None:
        super().__init__(message)
        self.may_pass = may_pass
        self.cause = cause


class OvertakenError(MmragError):
    """State was replaced again and again while it was read or changed; nothing was overwritten."""


class CollectionBusyError(MmragError):
    """Another process holds the collection."""


class CollectionMismatchError(MmragError):
    """A collection and an encoder do not belong together."""


class ClosedError(MmragError):
    """An index was asked after it was closed."""


class NotFoundError(MmragError):
    """An asked-for point, domain, table or collection is absent."""

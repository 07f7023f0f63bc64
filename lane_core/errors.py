"""The error tree. Every message says what happened, where, the value seen and how to mend it.

LaneError
├── DataError       a file cannot be read, or holds nothing that can be trained on
├── ConfigError     an option has a value that cannot work, or two options contradict each other
├── EncoderError    an encoder cannot be found or loaded
├── RunError        a run cannot be started, resumed, cancelled or read
├── BackupError     a backup cannot be made or restored
└── StoreError      the database cannot be opened, or was asked for something it does not hold
"""


class LaneError(Exception):
    """Base of every error a user can cause; the message is written for that user."""


class DataError(LaneError):
    """A file cannot be read, or holds nothing that can be trained on."""


class ConfigError(LaneError):
    """An option has a value that cannot work, or two options contradict each other."""


class EncoderError(LaneError):
    """An encoder cannot be found or loaded."""


class RunError(LaneError):
    """A run cannot be started, resumed, cancelled or read."""


class BackupError(LaneError):
    """A backup cannot be made or restored."""


class StoreError(LaneError):
    """The database cannot be opened, or was asked for something it does not hold."""

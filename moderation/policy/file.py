"""The policy file that the settings name, read again when it changes; a broken one is refused and the old one stays.

Used by the worker, for the policy in force and for the shadow policy.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import NamedTuple

from moderation.policy import Policy, PolicyRefused, load_policy

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


class PolicyFile:
    """Raises PolicyRefused when made with a file that cannot be used; never later."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._policy = load_policy(path)
        self._seen = self._stamp()
        self._next = 0.0

    def current(self) -> Policy:
        """Looks at the file at most once a second."""
        now = time.monotonic()
        if self.path is None or now < self._next:
            return self._policy
        self._next = now + LOOK_SECONDS
        if (stamp := self._stamp()) == self._seen:
            return self._policy
        self._seen = stamp
        try:
            self._policy = load_policy(self.path)
            log.info("policy %s is in force", self._policy.version)
        except PolicyRefused as error:
            log.error("the policy stays %s, the changed file cannot be used: %s", self._policy.version, error)
        return self._policy

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat() if self.path else None
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_size) if found else None


class Policies(NamedTuple):
    """The house's own, for broadcasts that chose none, and the one that is only tried."""

    house: PolicyFile
    shadow: PolicyFile | None

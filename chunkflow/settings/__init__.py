"""Settings of a run: defaults < file < environment < call, and the origin of each value."""

from chunkflow.settings.fields import CacheSettings, Settings
from chunkflow.settings.merge import find_git_root, load_settings

__all__ = ["CacheSettings", "Settings", "find_git_root", "load_settings"]

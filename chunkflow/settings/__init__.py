"""What a run may be told: defaults < file < environment < call, and where each value came from."""

from chunkflow.settings.fields import CacheSettings, Settings
from chunkflow.settings.merge import load_settings

__all__ = ["CacheSettings", "Settings", "load_settings"]

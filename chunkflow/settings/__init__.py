"""What a run may be told: defaults < file < environment < call, and where each value came from."""

from chunkflow.settings.fields import CacheSettings, OptimizationSettings, Settings, Thresholds
from chunkflow.settings.merge import load_settings

__all__ = ["CacheSettings", "OptimizationSettings", "Settings", "Thresholds", "load_settings"]

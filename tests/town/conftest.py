"""Properties are exact, whatever else the machine does meanwhile: no deadline."""

from hypothesis import settings

settings.register_profile("rules", deadline=None)
settings.load_profile("rules")

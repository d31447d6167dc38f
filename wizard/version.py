"""The version, where everything can read it without loading anything."""

__version__ = "0.1.0"
TOOL = f"datafold-wizard {__version__}"

"""The program's name and version, where everything can read them without loading anything."""

__version__ = "0.1.0"
PROGRAM = "datafold-wizard"
TOOL = f"{PROGRAM} {__version__}"

"""The program's name and version, where everything can read them without loading anything."""

__version__ = "0.1.0"
PROGRAM = "datafold-wizard"
COMPLETION_VARIABLE = "_DATAFOLD_WIZARD_COMPLETE"
TOOL = f"{PROGRAM} {__version__}"

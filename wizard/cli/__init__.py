"""The command line: one function per command, one module per concern.

- No command does what the engine cannot; here are only questions, words and exit codes.
- Nothing is asked without a terminal: what is missing then is an error that names the option.
- Click is loaded by ``wizard.cli.program`` alone, and only once the command line was chosen.
"""

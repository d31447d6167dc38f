"""One file per step of the wizard, and its dialogs."""

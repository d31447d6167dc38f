"""The pages for a database that is protected already, interrupted or damaged: one file each."""

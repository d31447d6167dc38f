"""What was answered, by the administrator and by the engine: values, none of them secret.

- One module for each step, and no module for all: a page loads what it shows, and the first one
  comes early.
"""

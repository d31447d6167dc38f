"""The parts of the engine process. Nothing here imports Textual, Rich or a module of a screen."""

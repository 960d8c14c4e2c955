"""Chapters -> notebooks -> papermill -> site -> editions: what makes the book, and nothing a learner imports.

No module of the rest of the package imports this folder, but for the command line; a test holds that.
"""

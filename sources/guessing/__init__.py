"""Guesses which table of the contract a file is, and which column of it each of its columns is.

Guesses are made from names (the words in `*_words.csv`), from sample values, and from keys that
files share. They are written as mappings for a person to read: nothing is loaded by a guess alone.
"""

from sources.guessing.folder import FolderGuess, guess_folder
from sources.guessing.plan import Plan
from sources.guessing.plans import plan_folder
from sources.guessing.writing import Written, write_mappings

__all__ = ["FolderGuess", "Plan", "Written", "guess_folder", "plan_folder", "write_mappings"]

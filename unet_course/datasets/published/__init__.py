"""The public sets as their publishers have them: where they lie, how they get here, and whether they came whole."""

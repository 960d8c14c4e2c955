"""The head that the brain phantoms share: its tissues, tumours in it, and what an MR scanner makes of both."""

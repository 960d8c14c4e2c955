"""What is handed out besides the site: folders for students, for instructors, and for a room without internet."""

from .folders import instructor, offline, student

__all__ = ["instructor", "offline", "student"]

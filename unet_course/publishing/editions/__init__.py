"""What is handed out besides the site: for students, for instructors, for a room without internet, and on paper."""

from .folders import instructor, offline, student
from .paper import pdf

__all__ = ["instructor", "offline", "pdf", "student"]

"""Leave TensorFlow's advice on retracing out of executed chapters: many small models, one after another, are meant."""

import logging

logging.getLogger("tensorflow").setLevel(logging.ERROR)

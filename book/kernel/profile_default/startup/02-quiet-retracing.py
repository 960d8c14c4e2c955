"""Leave TensorFlow's advice against retracing out of executed chapters: many models, one after another, are meant."""

import logging

logging.getLogger("tensorflow").addFilter(lambda record: "retracing" not in record.getMessage())

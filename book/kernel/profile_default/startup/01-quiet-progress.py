"""Leave progress bars out of executed chapters: a finished bar tells a reader nothing and differs in every run."""

import tqdm.auto
import tqdm.std

# The notebook's bar does not obey TQDM_DISABLE, which `unet_course.publishing.execution` sets; the plain one does.
tqdm.auto.tqdm = tqdm.std.tqdm

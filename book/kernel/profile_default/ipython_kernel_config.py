# Settings of the kernels that run chapters (copied to _build/ipython, which IPYTHONDIR names).
c = get_config()  # noqa: F821  (IPython provides it)
c.IPKernelApp.capture_fd_output = False  # log lines of C++ libraries stay on the console, out of the notebook
c.IPKernelApp.log_level = 40
c.InlineBackend.figure_formats = {"retina"}  # twice the pixels, and the size to show them at

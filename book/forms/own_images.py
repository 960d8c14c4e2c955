# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Your own images, without code
#
# Fill in a form, press the round button on its left, and go on to the next. You need images and masks, as the
# chapter [Your own images](SITE/notebooks/beyond/own_images.html) lists them, in a zip file or on your Google Drive.
#
# **What you upload leaves your computer.** Nothing that shows a patient belongs here unless you may send it, and have
# removed names, dates and faces; the chapter says how. The result is not a medical device.
#
# For a faster training choose *Runtime*, *Change runtime type*, *T4 GPU* first.

# %%
# @title 1. Install the course (two minutes) {display-mode: "form"}
# INSTALL

from unet_course.own import forms

# %%
# @title 2. Your images and masks {display-mode: "form"}
# @markdown A folder of your Google Drive, such as `/content/drive/MyDrive/mine`. Empty: you choose a zip file.
drive_folder = ""  # @param {type: "string"}

folder = forms.images(drive_folder)

# %%
# @title 3. Train {display-mode: "form"}
framework = "torch"  # @param ["torch", "keras"]
minutes = 20  # @param {type: "slider", min: 1, max: 120, step: 1}
# @markdown Which part of a name is the patient? `^(.+)_` takes all before the last underscore. Empty: a guess.
patient = ""  # @param {type: "string"}
# @markdown Of several classes, the one to find; or take all of them.
one_class = ""  # @param {type: "string"}
all_classes = False  # @param {type: "boolean"}

trained = forms.train(folder, framework=framework, minutes=minutes, group=patient, wanted=one_class, merge=all_classes)

# %%
# @title 4. Download the network and its report {display-mode: "form"}
# @markdown Open `report.html` first: it says how good the network is, and shows its worst images.
forms.download(trained)

# %%
# @title 5. Use it on new images, and download the masks {display-mode: "form"}
# @markdown A folder of your Google Drive. Empty: you choose a zip file.
new_images = ""  # @param {type: "string"}
# @markdown The width of a pixel in mm, where files do not say it. 0: unknown.
spacing = 0  # @param {type: "number"}

forms.download(forms.predict(trained, new_images, spacing=spacing))

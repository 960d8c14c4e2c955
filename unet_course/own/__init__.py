"""Your own images, from a folder to a network that segments: `unet-course train` and `unet-course predict`.

`survey` says what the folder holds, `plan` chooses by rules of thumb, `training` trains and writes all that stays,
`scores` judges, `report` and `demo` are pages, `prediction` uses the network on new images. `views` is what both ends
share: from an image at its own size to what the network sees, and back. `layouts` reads folders as people have them,
`stacks` and `volumes` what has several planes; `forms` stands behind the notebook for people who write no code.
"""

"""Ways to train and to apply the same U-Net, for `training.py`: ours, and those of well-known libraries and tutorials.

Each function builds one peer for images (N, S, S, 3), uint8, and masks (N, S, S), and returns two functions without
arguments: one goes through all images and learns, the other predicts them all. The first may return the seconds of the
epoch that counts, else all its time counts.
"""

import os

import numpy as np

LEARNING_RATE = 1e-3
DEPTH = 5


def ours_torch(images, masks, width, batch_size, precision):
    from unet_course import torch as uc

    model = uc.unet(3, 1, base_filters=width, depth=DEPTH)
    return _ours(uc, model, images, masks, batch_size, precision)


def ours_keras(images, masks, width, batch_size, precision, backend=None):
    if backend:  # before Keras is imported
        os.environ["KERAS_BACKEND"] = backend
    from unet_course import keras as uc

    model = uc.unet(3, 1, base_filters=width, depth=DEPTH)
    return _ours(uc, model, images, masks, batch_size, precision)


def _ours(uc, model, images, masks, batch_size, precision):
    def train():
        data = (images, masks), (images[:1], masks[:1])
        options = {"epochs": 2, "batch_size": batch_size, "precision": precision, "metrics": ()}
        history = uc.fit(model, *data, loss=uc.bce_loss, learning_rate=LEARNING_RATE, **options)
        return history["seconds"][-1]  # in the first, TensorFlow translates the network once for the whole training

    return train, lambda: uc.predict(model, images, batch_size=batch_size, precision=precision)


def textbook(images, masks, width, batch_size):
    """The U-Net of a tutorial: channels first, float32, a Dataset that converts one image at a time."""
    return _plain_loop(_textbook_unet(width), images, masks, batch_size)


def monai(images, masks, width, batch_size):
    from monai.networks.nets import BasicUNet

    features = tuple(width * 2**level for level in range(DEPTH)) + (width,)
    norm = ("batch", {"affine": True})
    return _plain_loop(BasicUNet(2, 3, 1, features, act="relu", norm=norm), images, masks, batch_size)


def segmentation_models_pytorch(images, masks, width, batch_size):
    """Its plain decoder on ResNet-34, the smallest of its well-known encoders: 24.4 M parameters, not 7.8 M."""
    from segmentation_models_pytorch import Unet

    return _plain_loop(Unet("resnet34", encoder_weights=None), images, masks, batch_size)


def keras_unet_collection(images, masks, width, batch_size):
    import keras
    from keras_unet_collection import models

    filters = [width * 2**level for level in range(DEPTH)]
    options = {"stack_num_down": 2, "stack_num_up": 2, "batch_norm": True, "pool": True, "unpool": False}
    model = models.unet_2d((*images.shape[1:],), filters, 1, output_activation=None, **options)
    model.compile(keras.optimizers.Adam(LEARNING_RATE), keras.losses.BinaryCrossentropy(from_logits=True))
    pictures, truth = images.astype(np.float32) / 255, masks[..., None].astype(np.float32)
    return (
        lambda: model.fit(pictures, truth, batch_size=batch_size, epochs=1, verbose=0),
        lambda: model.predict(pictures, batch_size=batch_size, verbose=0),
    )


def _plain_loop(model, images, masks, batch_size):
    import torch
    from torch.utils.data import DataLoader, Dataset

    class Pictures(Dataset):
        def __len__(self):
            return len(images)

        def __getitem__(self, i):
            image = torch.from_numpy(images[i].astype(np.float32) / 255).permute(2, 0, 1)
            return image, torch.from_numpy(masks[i].astype(np.float32))[None]

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    loss_function = torch.nn.BCEWithLogitsLoss()

    def train():
        model.train()
        total = 0.0
        for image, mask in DataLoader(Pictures(), batch_size, shuffle=True):
            optimizer.zero_grad()
            loss = loss_function(model(image.to(device)), mask.to(device))
            loss.backward()
            optimizer.step()
            total += loss.item()

    def predict():
        model.eval()
        with torch.no_grad():
            return [torch.sigmoid(model(image.to(device))).cpu() for image, _ in DataLoader(Pictures(), batch_size)]

    return train, predict


def _textbook_unet(width):
    import torch
    from torch import nn

    def double(before, after):
        layers = []
        for channels in (before, after):
            layers += [nn.Conv2d(channels, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        return nn.Sequential(*layers)

    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            widths = [width * 2**level for level in range(DEPTH)]
            self.down = nn.ModuleList(double(a, b) for a, b in zip([3, *widths], widths, strict=False))
            pairs = list(zip(widths[::-1], widths[-2::-1], strict=False))
            self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, stride=2) for a, b in pairs)
            self.join = nn.ModuleList(double(2 * b, b) for _, b in pairs)
            self.head = nn.Conv2d(width, 1, 1)

        def forward(self, x):
            skips = []
            for number, block in enumerate(self.down):
                x = block(nn.functional.max_pool2d(x, 2) if number else x)
                skips.append(x)
            for up, join, skip in zip(self.up, self.join, skips[-2::-1], strict=True):
                x = join(torch.cat([skip, up(x)], 1))
            return self.head(x)

    return UNet()

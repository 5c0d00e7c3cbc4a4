"""Convolutional networks for pellucid: layers with compiled kernels, lenet, resnet_small, unet, augmentation."""
